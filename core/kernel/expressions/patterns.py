"""LIKE patterns as SQL means them: % is any run of characters, _ is one, everything else is itself."""

import re
from collections.abc import Callable


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text fits the pattern; each stretch takes its first place and keeps it: polynomial time."""
    first, *rest = [_stretch(part) for part in re.sub("%+", "%", pattern).split("%")]
    if not rest:
        return _test(rf"{first}\Z")
    *middle, last = rest
    held = "".join(f"(?>.*?{part})" for part in middle)
    return _test(first + held + (rf".*{last}\Z" if last else ""))


def _stretch(part: str) -> str:
    return "".join("." if character == "_" else re.escape(character) for character in part)


def _test(expression: str) -> Callable[[str], bool]:
    match = re.compile(expression, re.DOTALL).match
    return lambda text: match(text) is not None
