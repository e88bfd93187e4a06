"""LightGBM's own text of a model as plain arrays, a leaf at a time, for contributions over many rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CATEGORICAL, DEFAULT_LEFT = 1, 2


@dataclass(frozen=True)
class Forest:
    """The trees one after the other.

    `nodes` and `leaves` (trees + 1), `steps` and `slots` (leaves + 1) say where each one's part begins. Of a node:
    feature, threshold, kind (LightGBM's decision type), and its words in the bit sets of categories. Of a step on the
    way to a leaf: node, whether it goes left, and which of the leaf's features it asks. Of a slot: the feature, and the
    share of training rows that its steps let through. `value` is the leaf's.
    """

    nodes: Ints
    leaves: Ints
    steps: Ints
    slots: Ints
    feature: Ints
    threshold: Floats
    kind: Ints
    word_from: Ints
    word_until: Ints
    words: Ints
    step_node: Ints
    step_left: npt.NDArray[np.bool_]
    step_slot: Ints
    slot_feature: Ints
    slot_share: Floats
    value: Floats

    @property
    def most_slots(self) -> int:
        """The most features that the way to one leaf asks."""
        return int(np.diff(self.slots).max(initial=0))


class _Parts:
    """Collects the arrays tree by tree."""

    def __init__(self) -> None:
        self.starts: dict[str, list[int]] = {name: [0] for name in ("nodes", "leaves", "steps", "slots")}
        self.lists: dict[str, list] = {name: [] for name in _LISTS}


_LISTS = (
    "feature", "threshold", "kind", "word_from", "word_until", "words", "step_node", "step_left", "step_slot",
    "slot_feature", "slot_share", "value",
)  # fmt: skip


def fields(booster: str) -> Iterator[dict[str, Floats]]:
    """Each tree's own fields as numbers, by LightGBM's names; a field without a value is left out."""
    for text in booster.split("\nTree=")[1:]:
        found = dict(line.split("=", 1) for line in text.split("\n\n")[0].splitlines() if "=" in line)
        yield {name: np.array(words.split(), dtype=np.float64) for name, words in found.items() if words}


def forest(booster: str) -> Forest:
    """The arrays of a model's text."""
    parts = _Parts()
    for tree in fields(booster):
        _add(parts, tree)
    kinds = {"threshold": np.float64, "slot_share": np.float64, "value": np.float64, "step_left": np.bool_}
    arrays = {name: np.array(values, dtype=kinds.get(name, np.int64)) for name, values in parts.lists.items()}
    return Forest(**{name: np.array(places, dtype=np.int64) for name, places in parts.starts.items()}, **arrays)


def _add(parts: _Parts, tree: dict[str, np.ndarray]) -> None:
    lists, first = parts.lists, len(parts.lists["feature"])
    features = tree.get("split_feature", np.empty(0)).astype(int)
    words, bounds = len(lists["words"]), tree.get("cat_boundaries", np.zeros(1)).astype(int)
    for place, feature in enumerate(features):
        kind, threshold = int(tree["decision_type"][place]), float(tree["threshold"][place])
        at = int(threshold) if kind & CATEGORICAL else 0
        lists["feature"].append(feature)
        lists["threshold"].append(threshold)
        lists["kind"].append(kind)
        lists["word_from"].append(words + bounds[at])
        lists["word_until"].append(words + bounds[at + 1] if kind & CATEGORICAL else words)
    lists["words"] += tree.get("cat_threshold", np.empty(0)).astype(int).tolist()
    if not len(features):
        _leaf(parts, float(tree["leaf_value"][0]), [], features, first)
    else:
        _descend(parts, tree, features, first)
    parts.starts["nodes"].append(len(lists["feature"]))
    parts.starts["leaves"].append(len(lists["value"]))


def _descend(parts: _Parts, tree: dict[str, np.ndarray], features: np.ndarray, first: int) -> None:
    """Every leaf with the steps to it: (node, goes left, share of the node's rows that go that way)."""
    waiting: list[tuple[int, list[tuple[int, bool, float]]]] = [(0, [])]
    while waiting:
        node, way = waiting.pop()
        if node < 0:
            _leaf(parts, float(tree["leaf_value"][~node]), way, features, first)
            continue
        for is_left, side in ((False, "right_child"), (True, "left_child")):
            child = int(tree[side][node])
            rows = tree["leaf_count"][~child] if child < 0 else tree["internal_count"][child]
            waiting.append((child, [*way, (node, is_left, float(rows / tree["internal_count"][node]))]))


def _leaf(parts: _Parts, value: float, way: list[tuple[int, bool, float]], features: np.ndarray, first: int) -> None:
    lists, asked = parts.lists, {}
    for node, is_left, share in way:
        feature = int(features[node])
        slot = asked.setdefault(feature, [len(asked), 1.0])
        slot[1] *= share
        lists["step_node"].append(first + node)
        lists["step_left"].append(is_left)
        lists["step_slot"].append(slot[0])
    lists["slot_feature"] += list(asked)
    lists["slot_share"] += [share for _, share in asked.values()]
    lists["value"].append(value)
    parts.starts["steps"].append(len(lists["step_node"]))
    parts.starts["slots"].append(len(lists["slot_feature"]))
