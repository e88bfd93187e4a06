"""What is wrong with a condition, where, and what to write instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.kernel.errors import LeadbenchError, Where

CODES = {
    "empty": "there is no condition",
    "too_long": "more characters than the limit",
    "too_deep": "more levels of parentheses, AND, OR and NOT than the limit",
    "hidden_character": "a character that cannot be seen or is not what it looks like",
    "comment": "a comment",
    "syntax": "the words do not form a condition",
    "unsupported": "a form that the language leaves out: functions, arithmetic, casts, queries, several statements",
    "unknown_field": "a name that is no field",
    "not_boolean": "a field that is neither true nor false stands alone",
    "type_mismatch": "sides of different kinds",
    "no_order": "an ordering comparison of text, choices or truth values",
    "null_comparison": "a comparison with NULL",
    "constant_comparison": "a comparison without a field",
    "unknown_value": "a text that is not among the field's values",
    "constant_out_of_domain": "a constant outside the field's bounds",
    "over_precise": "a number with more digits than the field keeps",
    "non_finite": "a number that no field can hold",
    "bad_time": "a text that is no time",
    "optional_under_not": "under NOT, a missing value would turn into true",
}


@dataclass(frozen=True)
class Diagnostic:
    """One finding, its code one of CODES; line and column count from 1 inside the condition's own text."""

    code: str
    message: str
    line: int
    column: int
    hint: str


class ExpressionInvalid(LeadbenchError):
    """A condition that is not in the language or does not fit its fields."""

    code = "invalid_expression"

    def __init__(self, text: str, diagnostics: Sequence[Diagnostic]) -> None:
        first = diagnostics[0]
        more = f" ({len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
        super().__init__(
            first.message + more,
            value=text if len(text) <= 80 else text[:79] + "…",
            remedy=first.hint,
            where=Where("condition", first.line, first.column),
        )
        self.text = text
        self.diagnostics = tuple(diagnostics)


class Findings:
    """Collects the diagnostics of one text, so that an author sees them all at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: dict[tuple[int, str, str], Diagnostic] = {}

    def add(self, code: str, offset: int, message: str, hint: str) -> None:
        """Notes a finding at a character offset of the text."""
        line = self.text.count("\n", 0, offset) + 1
        column = offset - (self.text.rfind("\n", 0, offset) + 1) + 1
        self._found.setdefault((offset, code, message), Diagnostic(code, message, line, column, hint))

    def __bool__(self) -> bool:
        return bool(self._found)

    def stop_if_any(self) -> None:
        """Raises ExpressionInvalid with the findings in the order of the text, if there are any."""
        if self._found:
            raise self.error()

    def error(self) -> ExpressionInvalid:
        """The refusal that holds all findings, in the order of the text."""
        return ExpressionInvalid(self.text, [self._found[key] for key in sorted(self._found)])
