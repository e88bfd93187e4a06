"""Checks that many blocks share: a name that must resolve."""

from collections.abc import Collection, Iterator

from core.kernel.errors import did_you_mean
from core.kernel.expressions import Diagnostic
from core.kernel.strict_yaml import Path
from core.policy.shape import Located


def resolve(located: Located, path: Path, kind: str, name: str | None, known: Collection[str]) -> Iterator[Diagnostic]:
    """A finding where the name is given and is none of the known ones."""
    if name is None or name in known:
        return
    hint = did_you_mean(name, known, f"Known: {', '.join(known) or 'none'}.")
    yield located.diagnostic(f"unknown_{kind}", path, f"There is no {kind} `{name}`.", hint)


def distinct(located: Located, path: Path, what: str, words: Collection[str]) -> Iterator[Diagnostic]:
    """A finding a word that stands twice."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            yield located.diagnostic("duplicate", path, f"`{word}` stands twice in {what}.", "Keep one of them.")
        seen.add(word)
