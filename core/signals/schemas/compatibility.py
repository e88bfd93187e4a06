"""Whether a new version of a schema still understands what the one before wrote, and is understood by its readers."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.signals.schemas.document import EventSchema

WIDER = {("number", "decimal"), ("decimal", "number")}


@dataclass(frozen=True)
class Change:
    """One difference of a new version: what changed, of which property, and why it breaks (None: it does not)."""

    kind: str
    name: str
    breaks: str | None = None
    remedy: str = ""


def changes(old: EventSchema, new: EventSchema) -> list[Change]:
    """Every difference between two versions, with those that break without a step that says what to do."""
    return [*_gone(old, new), *_added(old, new), *_altered(old, new)]


def _steps(new: EventSchema, *kinds: str) -> set[str]:
    return {step.name for step in new.upcast if step.kind in kinds}


def _made(new: EventSchema) -> set[str]:
    """The properties that the steps give to an event of the version before."""
    named = {step.to for step in new.upcast if step.kind == "rename"}
    parts = {name for step in new.upcast if step.kind == "split" for name in step.into}
    return {name for name in named | parts | _steps(new, "default") if name}


def _gone(old: EventSchema, new: EventSchema) -> Iterator[Change]:
    handled = _steps(new, "rename", "split", "remove")
    free = [name for name in new.properties if name not in old.properties and name not in _made(new)]
    for name, about in old.properties.items():
        if name in new.properties:
            continue
        alike = next((other for other in free if new.properties[other].type == about.type), None)
        if name in handled:
            yield Change("removed", name)
        elif alike is not None:
            remedy = f"Add `- {{rename: {name}, to: {alike}}}` to `upcast`, or `- {{remove: {name}}}`."
            yield Change("removed", name, f"`{name}` is gone and `{alike}` of the same type is new", remedy)
        elif about.required:
            remedy = f"Make it optional in a version before, or add `- {{remove: {name}}}` to `upcast`."
            yield Change("removed", name, f"`{name}` was required and is gone", remedy)
        else:
            yield Change("removed", name)


def _added(old: EventSchema, new: EventSchema) -> Iterator[Change]:
    for name, about in new.properties.items():
        if name in old.properties:
            continue
        if about.required and name not in _made(new):
            remedy = f"Make it optional, or add `- {{default: {name}, value: ...}}` to `upcast`."
            yield Change("added", name, f"`{name}` is required, but events of v{old.version} do not have it", remedy)
        else:
            yield Change("added", name)


def _altered(old: EventSchema, new: EventSchema) -> Iterator[Change]:
    for name, about in new.properties.items():
        before = old.properties.get(name)
        if before is None:
            continue
        if before.type != about.type:
            told = (before.type, about.type) in WIDER or name in _steps(new, "retype")
            remedy = f"Add `- {{retype: {name}, to: {about.type}}}` to `upcast`, or give it a new name."
            what = f"`{name}` was {before.type} and is {about.type}"
            yield Change("retyped", name, None if told else what, "" if told else remedy)
        if about.required and not before.required:
            told = name in _made(new)
            remedy = f"Leave it optional, or add `- {{default: {name}, value: ...}}` to `upcast`."
            what = f"`{name}` was optional and is required"
            yield Change("required", name, None if told else what, "" if told else remedy)
