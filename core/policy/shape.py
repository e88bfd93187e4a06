"""From a loaded YAML tree to the document model, with every misfit located."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from core.kernel.errors import did_you_mean
from core.kernel.expressions import Diagnostic
from core.kernel.strict_yaml import Path, Positions
from core.policy.document import Document

CODES = {"missing": "missing_key", "extra_forbidden": "unknown_key", "invalid_key": "invalid_key"}
ABSENT = object()
TYPE_SUFFIXES = ("_type", "_parsing", "_from_float")


class Located:
    """Makes diagnostics at a path of the document; a path that is not written falls back to its parents."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions

    def diagnostic(self, code: str, path: Path, message: str, hint: str = "") -> Diagnostic:
        """A finding at the path's value."""
        return Diagnostic(code, message, *self._positions.nearest(path), hint)

    def at_key(self, code: str, path: Path, message: str, hint: str = "") -> Diagnostic:
        """A finding at the path's key."""
        return Diagnostic(code, message, *self._positions.key(path), hint)

    def inside(self, path: Path, found: Diagnostic) -> Diagnostic:
        """A finding of the text at the path, at its own character in the document."""
        return Diagnostic(
            found.code, found.message, *self._positions.inside(path, found.line, found.column), found.hint
        )


def read_document(tree: object, located: Located) -> tuple[Document | None, list[Diagnostic]]:
    """The document that the tree describes, or None with what is wrong with its shape."""
    try:
        return Document.model_validate(tree), []
    except ValidationError as error:
        return None, _distinct([_diagnostic(item, tree, located) for item in error.errors()])


def _distinct(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """One finding a place: the alternatives of a union are one misfit."""
    return list({(item.line, item.column, item.code): item for item in found}.values())


def _diagnostic(item: Any, tree: object, located: Located) -> Diagnostic:
    kind = item["type"]
    written, path = _path_in(tree, item["loc"], kind)
    name = ".".join(str(part) for part in path) or "the document"
    if kind == "missing":
        return located.diagnostic("missing_key", path[:-1], f"`{name}` is missing.", f"Add `{path[-1]}`.")
    if kind == "extra_forbidden":
        return _unknown_key(path, name, located)
    code = "wrong_type" if kind.endswith(TYPE_SUFFIXES) else CODES.get(kind, "invalid_value")
    return located.diagnostic(code, path, f"`{name}` is `{written}`.", f"{item['msg']}.")


def _unknown_key(path: Path, name: str, located: Located) -> Diagnostic:
    known = _known_keys(path[:-1])
    hint = did_you_mean(str(path[-1]), known, f"Known keys: {', '.join(known)}.")
    return located.at_key("unknown_key", path, f"`{name}` is not a key of schema v1.", hint)


def _path_in(tree: object, loc: Sequence[Any], kind: str) -> tuple[object, Path]:
    """The part of pydantic's location that the tree has: union tags are left out."""
    path: list[str | int] = []
    node = tree
    for part in loc:
        inner = _inner(node, part)
        if inner is not ABSENT:
            node = inner
            path.append(part)
    if kind == "missing":
        path.append(loc[-1])
    return node, tuple(path)


def _inner(node: Any, part: Any) -> object:
    if isinstance(node, Mapping):
        return node.get(part, ABSENT)
    is_place = isinstance(node, list) and isinstance(part, int) and part < len(node)
    return node[part] if is_place else ABSENT


def _known_keys(path: Path) -> list[str]:
    """The keys of the block at a path of the document model."""
    model: Any = Document
    for part in path:
        if isinstance(part, int):
            continue
        field = _field(model, str(part))
        model = _block_of(field.annotation) if field is not None else model
        if model is None:
            return []
    return [info.alias or name for name, info in model.model_fields.items()]


def _field(model: Any, key: str) -> Any:
    fields = model.model_fields
    return next((info for name, info in fields.items() if (info.alias or name) == key), None)


def _block_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = getattr(annotation, "__args__", ())
    return next((block for block in map(_block_of, parts) if block), None)
