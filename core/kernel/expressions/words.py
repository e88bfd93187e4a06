"""Text to words: limits, hidden characters, and the closed set of words that the parser may ever see."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from core.kernel.expressions.diagnostics import Findings

LENGTH_LIMIT = 512
DEPTH_LIMIT = 24
EXPONENT_DIGITS = 3
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?(?P<exponent>\d+))?", re.ASCII)
_KEYWORDS = {
    "AND": TokenType.AND,
    "OR": TokenType.OR,
    "NOT": TokenType.NOT,
    "IN": TokenType.IN,
    "BETWEEN": TokenType.BETWEEN,
    "LIKE": TokenType.LIKE,
    "IS": TokenType.IS,
    "NULL": TokenType.NULL,
    "TRUE": TokenType.TRUE,
    "FALSE": TokenType.FALSE,
}
_SIGNS = {
    TokenType.EQ: ("=",),
    TokenType.NEQ: ("<>", "!="),
    TokenType.LT: ("<",),
    TokenType.LTE: ("<=",),
    TokenType.GT: (">",),
    TokenType.GTE: (">=",),
    TokenType.L_PAREN: ("(",),
    TokenType.R_PAREN: (")",),
    TokenType.COMMA: (",",),
    TokenType.DOT: (".",),
    TokenType.DASH: ("-",),
}
_NAME = re.compile(r"[^\W\d]\w*")
_SPACE = frozenset(" \t\r\n")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
SYNTAX_HINT = "Conditions use AND, OR, NOT, =, <>, <, <=, >, >=, IN, BETWEEN, LIKE, IS NULL and IS NOT NULL."


_INSTEAD = {"==": "Write =.", "&&": "Write AND.", "||": "Write OR.", ";": "Write one condition, without a semicolon."}


def is_plain(name: str) -> bool:
    """Whether a name needs no double quotes in a condition."""
    return all(_NAME.fullmatch(part) and part.upper() not in _KEYWORDS for part in name.split("."))


def read(text: str, findings: Findings) -> list[Token]:
    """The text's words, every name a quoted identifier; raises ExpressionInvalid where a limit or word is wrong."""
    _check_text(text, findings)
    findings.stop_if_any()
    tokens = _closed(_split(text, findings), findings)
    _check_gaps(text, tokens, findings)
    findings.stop_if_any()
    joined = _join_names(tokens, findings)
    _check_calls(joined, findings)
    _check_depth(joined, findings)
    findings.stop_if_any()
    return joined


def _check_text(text: str, findings: Findings) -> None:
    if not text.strip():
        findings.add("empty", 0, "The condition is empty.", "Write a condition, such as `score >= 0.8`.")
    if len(text) > LENGTH_LIMIT:
        findings.add(
            "too_long",
            LENGTH_LIMIT,
            f"The condition has `{len(text)}` characters; the limit is {LENGTH_LIMIT}.",
            "Split it into several rules, or use IN (...) for long chains of OR.",
        )
        return
    for offset, character in enumerate(text):
        if character not in _SPACE and unicodedata.category(character) in _HIDDEN:
            findings.add(
                "hidden_character",
                offset,
                f"The condition holds the hidden character `U+{ord(character):04X}`.",
                "Type the condition again in plain characters.",
            )


def _split(text: str, findings: Findings) -> list[Token]:
    try:
        return Tokenizer().tokenize(text)
    except TokenError:
        quote = max(text.rfind("'"), text.rfind('"'), 0)
        findings.add("syntax", quote, "A quotation is not closed.", "Close text with ' and double a ' inside text.")
        raise findings.error() from None


def _closed(tokens: Sequence[Token], findings: Findings) -> list[Token]:
    return [closed for token in tokens if (closed := _close(token, findings)) is not None]


def _close(token: Token, findings: Findings) -> Token | None:
    if token.token_type is TokenType.STRING or token.token_type is TokenType.IDENTIFIER:
        return token
    if token.token_type is TokenType.NUMBER:
        return _number(token, findings)
    if _KEYWORDS.get(token.text.upper()) is token.token_type or token.text in _SIGNS.get(token.token_type, ()):
        return token
    if _NAME.fullmatch(token.text) and token.text == _spelled(token, findings.text):
        return _retyped(token, token.text)
    hint = _INSTEAD.get(token.text, SYNTAX_HINT)
    message = f"`{_spelled(token, findings.text)}` is not part of the condition language."
    findings.add("unsupported", token.start, message, hint)
    return None


def _spelled(token: Token, text: str) -> str:
    return text[token.start : token.end + 1]


def _number(token: Token, findings: Findings) -> Token | None:
    match = NUMBER.fullmatch(token.text)
    if match is not None and len(match["exponent"] or "") <= EXPONENT_DIGITS:
        return token
    if match is not None:
        findings.add("non_finite", token.start, f"`{token.text}` is not a finite number.", "Write a smaller number.")
        return None
    findings.add(
        "syntax", token.start, f"`{token.text}` is not a number.", "Write digits with a point, such as `0.75`."
    )
    return None


def _retyped(token: Token, text: str, end: int | None = None) -> Token:
    last = token.end if end is None else end
    return Token(TokenType.IDENTIFIER, text, line=token.line, col=token.col, start=token.start, end=last)


def _check_gaps(text: str, tokens: Sequence[Token], findings: Findings) -> None:
    if findings:
        return
    ends = [0, *(token.end + 1 for token in tokens)]
    starts = [*(token.start for token in tokens), len(text)]
    for end, start in zip(ends, starts, strict=True):
        rest = text[end:start].lstrip("".join(_SPACE))
        if rest:
            _add_gap(rest, start - len(rest), findings)


def _add_gap(rest: str, offset: int, findings: Findings) -> None:
    if rest.startswith(("--", "/*", "{#")):
        findings.add("comment", offset, "The condition holds a comment.", "Put comments outside the condition.")
        return
    shown = f"U+{ord(rest[0]):04X}" if rest[0].isspace() else rest[0]
    findings.add(
        "hidden_character", offset, f"The condition holds the unexpected character `{shown}`.", "Type it again."
    )


def _join_names(tokens: Sequence[Token], findings: Findings) -> list[Token]:
    joined: list[Token] = []
    after_dot = False
    for token in tokens:
        is_name = token.token_type is TokenType.IDENTIFIER
        if after_dot and is_name and joined:
            joined[-1] = _retyped(joined[-1], f"{joined[-1].text}.{token.text}", token.end)
            after_dot = False
        elif token.token_type is TokenType.DOT and joined and joined[-1].token_type is TokenType.IDENTIFIER:
            after_dot = True
        elif after_dot or token.token_type is TokenType.DOT:
            _add_dot(token, findings)
            return joined
        else:
            joined.append(token)
    if after_dot:
        _add_dot(tokens[-1], findings)
    return joined


def _add_dot(token: Token, findings: Findings) -> None:
    findings.add(
        "syntax",
        token.start,
        f"`{token.text}` does not complete a dotted name.",
        'Write `properties.plan`, `0.5` for a number, and "properties.2nd plan" for an unusual name.',
    )


def _check_calls(tokens: Sequence[Token], findings: Findings) -> None:
    for name, following in pairwise(tokens):
        if name.token_type is TokenType.IDENTIFIER and following.token_type is TokenType.L_PAREN:
            findings.add(
                "unsupported",
                name.start,
                f"`{name.text}(...)` is a function call; conditions have no functions.",
                "Compute the value as a feature and compare that.",
            )


def _check_depth(tokens: Sequence[Token], findings: Findings) -> None:
    open_words: list[TokenType] = []
    for token in tokens:
        kind = token.token_type
        if kind in (TokenType.NOT, TokenType.L_PAREN):
            open_words.append(kind)
        elif kind in (TokenType.AND, TokenType.OR, TokenType.R_PAREN):
            _close_nots(open_words)
            if kind is TokenType.R_PAREN and open_words:
                open_words.pop()
                _close_nots(open_words)
        if len(open_words) > DEPTH_LIMIT:
            add_depth(token.start, findings)
            return


def _close_nots(open_words: list[TokenType]) -> None:
    while open_words and open_words[-1] is TokenType.NOT:
        open_words.pop()


def add_depth(offset: int, findings: Findings) -> None:
    """Notes that the condition nests too deeply."""
    findings.add(
        "too_deep",
        offset,
        f"The condition nests deeper than {DEPTH_LIMIT} levels.",
        "Split it into several rules.",
    )
