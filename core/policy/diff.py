"""What changed between two policies, block by block and cell by cell; rules are matched by their ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Literal

from core.policy.document import Policy, content

IDENTITIES = ("id", "name", "metric")
Tree = Mapping[str, object]


@dataclass(frozen=True)
class Change:
    """One difference; `block` is the document's block, `path` names the rule by its id and the cell inside it."""

    kind: Literal["added", "removed", "changed", "moved"]
    block: str
    path: str
    before: object
    after: object

    @property
    def text(self) -> str:
        """The difference as a line for people."""
        if self.kind == "added":
            return f"+ {self.path}: {_shown(self.after)}"
        if self.kind == "removed":
            return f"- {self.path}: {_shown(self.before)}"
        if self.kind == "moved":
            return f"~ {self.path}: place {self.before} → {self.after}"
        return f"~ {self.path}: {_shown(self.before)} → {_shown(self.after)}"


def diff(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Every difference of the documents but for `metadata.version`, in the order of the later document."""
    return tuple(_mappings("", "", content(before.tree), content(after.tree)))


def to_json(changes: Sequence[Change]) -> list[dict[str, object]]:
    """The differences in JSON's types, each with its line for people."""
    return [{**asdict(change), "text": change.text} for change in changes]


def to_text(changes: Sequence[Change]) -> str:
    """The differences as lines for people."""
    return "\n".join(change.text for change in changes)


def unified(before: Policy, after: Policy) -> str:
    """The unified diff of the two texts, comments and white space included."""
    lines = unified_diff(before.text.splitlines(), after.text.splitlines(), before.file, after.file, lineterm="", n=2)
    return "\n".join(lines)


def is_no_op(before: Policy, after: Policy) -> bool:
    """Whether the two decide alike by their documents: nothing but names, people and descriptions differs."""
    return before.behaviour_hash == after.behaviour_hash


def _any(block: str, path: str, before: object, after: object) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(block, path, before, after)
    elif _is_keyed(before) and _is_keyed(after):
        yield from _rules(block, path, before, after)  # type: ignore[arg-type]
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Change("changed", block, path, before, after)


def _mappings(block: str, path: str, before: Tree, after: Tree) -> Iterator[Change]:
    for key in [*after, *(key for key in before if key not in after)]:
        inner = f"{path}.{key}" if path else key
        home = block or key
        if key not in before:
            yield Change("added", home, inner, None, after[key])
        elif key not in after:
            yield Change("removed", home, inner, before[key], None)
        else:
            yield from _any(home, inner, before[key], after[key])


def _is_keyed(value: object) -> bool:
    """Whether the value is a list of rules that each say who they are."""
    return isinstance(value, list) and bool(value) and all(_identity(item) is not None for item in value)


def _identity(item: object) -> object:
    if not isinstance(item, Mapping):
        return None
    return next((item[key] for key in IDENTITIES if key in item), None)


def _rules(block: str, path: str, before: Sequence[Tree], after: Sequence[Tree]) -> Iterator[Change]:
    old = {_identity(item): item for item in before}
    new = {_identity(item): item for item in after}
    for name, item in new.items():
        if name in old:
            yield from _any(block, f"{path}[{name}]", old[name], item)
        else:
            yield Change("added", block, f"{path}[{name}]", None, item)
    for name, item in old.items():
        if name not in new:
            yield Change("removed", block, f"{path}[{name}]", item, None)
    yield from _moves(block, path, [name for name in old if name in new], [name for name in new if name in old])


def _moves(block: str, path: str, before: list[object], after: list[object]) -> Iterator[Change]:
    """The rules that stand elsewhere among those that both versions have; places count from 1."""
    for kind, start, end, _, _ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for place in range(start, end) if kind in ("delete", "replace") else ():
            name = before[place]
            yield Change("moved", block, f"{path}[{name}]", place + 1, after.index(name) + 1)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)
