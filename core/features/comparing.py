"""What one feature set has that another has not, and which features of one name mean something else."""

from dataclasses import dataclass

from core.features.document import Feature, FeatureSet


@dataclass(frozen=True)
class Change:
    """A feature that differs; kind: added, removed, changed (another meaning) or reworded (the same meaning)."""

    name: str
    kind: str
    before: Feature | None
    after: Feature | None


def compare(before: FeatureSet, after: FeatureSet) -> tuple[Change, ...]:
    """The changes in the order of the later set, then what was removed."""
    found = [_change(before.find(feature.name), feature) for feature in after.features]
    gone = [Change(one.name, "removed", one, None) for one in before.features if after.find(one.name) is None]
    return (*(change for change in found if change is not None), *gone)


def _change(before: Feature | None, after: Feature) -> Change | None:
    if before is None:
        return Change(after.name, "added", None, after)
    if before.behaviour_hash != after.behaviour_hash:
        return Change(after.name, "changed", before, after)
    return Change(after.name, "reworded", before, after) if before.content() != after.content() else None
