"""A model as an ONNX graph: encoding, trees and calibration, in double precision throughout.

Operators of ai.onnx 21 and ai.onnx.ml 5 (TreeEnsemble with set membership, which is how LightGBM splits categories).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.models.calibration import Calibration
from core.models.encoding import FeatureInfo
from core.models.model import Model
from core.models.trees import CATEGORICAL, DEFAULT_LEFT, fields

OPSET, ML_OPSET, IR_VERSION = 21, 5, 10
LESS_OR_EQUAL, MEMBER = 0, 6
MISSING_NAN = 2
OUTPUT = "probability"
TREE_LISTS = (
    "nodes_featureids", "nodes_splits", "nodes_modes", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids",
    "nodes_falseleafs", "nodes_missing_value_tracks_true", "leaf_targetids", "leaf_weights",
)  # fmt: skip


def serialized(model: Model, metadata: dict[str, str]) -> bytes:
    """The graph as a file's bytes, the same for the same model.

    Inputs: one tensor (rows x 1) a feature, by its name: text for categories, else double, where NaN is missing.
    Output: `probability` (rows x 1), calibrated.
    """
    from onnx import checker, helper

    graph = _Graph()
    columns = [graph.encoded(place, one, model) for place, one in enumerate(model.features)]
    inputs = graph.add("Concat", columns, axis=1)
    scored = graph.calibrated(graph.ensemble(inputs, model.booster), model.calibration)
    graph.add("Identity", [graph.by_level(scored, inputs, columns, model)], output=OUTPUT)
    kinds = [_declared(one) for one in model.features]
    output = helper.make_tensor_value_info(OUTPUT, 11, [None, 1])
    made = helper.make_model(
        helper.make_graph(graph.nodes, "leadbench", kinds, [output], initializer=graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        producer_name="leadbench",
        ir_version=IR_VERSION,
    )
    helper.set_model_props(made, metadata)
    checker.check_model(made)
    return made.SerializeToString(deterministic=True)


def _declared(feature: FeatureInfo) -> Any:
    from onnx import TensorProto, helper

    kind = TensorProto.STRING if feature.dtype == "category" else TensorProto.DOUBLE
    return helper.make_tensor_value_info(feature.name, kind, [None, 1])


class _Graph:
    """Nodes and constants while they are put together; each value has a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, inputs: Sequence[str], domain: str = "", output: str = "", **settings: Any) -> str:
        """One more node; the name of its output."""
        from onnx import helper

        name = output or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **settings))
        return name

    def constant(self, values: Any) -> str:
        """One more constant; its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def encoded(self, place: int, feature: FeatureInfo, model: Model) -> str:
        """A feature as the trees read it: codes of known levels, and NaN for whatever is not finite."""
        if feature.dtype != "category":
            endless = self.add("IsInf", [feature.name])
            return self.add("Where", [endless, self.constant(np.float64("nan")), feature.name])
        levels = model.categories.get(feature.name) or ()
        codes = [float(code) for code in range(len(levels))]
        coded = self.add(
            "LabelEncoder", [feature.name], "ai.onnx.ml", keys_strings=list(levels) or [""],
            values_floats=codes or [float("nan")], default_float=float("nan"),
        )  # fmt: skip
        return self.add("Cast", [coded], to=11)

    def ensemble(self, inputs: str, booster: str) -> str:
        """The margin: the sum of the trees."""
        lists: dict[str, list] = {name: [] for name in TREE_LISTS}
        roots: list[int] = []
        members: list[float] = []
        for tree in fields(booster):
            roots.append(len(lists["nodes_splits"]))
            members += _planted(lists, tree)
        if not roots:
            return self.add("Mul", [self.add("ReduceSum", [inputs], keepdims=1), self.constant(0.0)])
        tensors = {name: _tensor(name, lists.pop(name)) for name in ("nodes_splits", "nodes_modes", "leaf_weights")}
        if members:
            tensors["membership_values"] = _tensor("membership_values", members)
        return self.add("TreeEnsemble", [inputs], "ai.onnx.ml", tree_roots=roots, n_targets=1, **lists, **tensors)

    def by_level(self, scored: str, inputs: str, columns: Sequence[str], model: Model) -> str:
        """The probability: for a level with trees of its own by those, else as scored by the parent."""
        if model.segments is None:
            return scored
        by = model.segments.by
        told, levels = columns[model.names.index(by)], model.categories[by]
        for level, one in model.segments.own.items():
            is_level = self.add("Equal", [told, self.constant(np.float64(levels.index(level)))])
            own = self.calibrated(self.ensemble(inputs, one.booster), one.calibration)
            scored = self.add("Where", [is_level, own, scored])
        return scored

    def calibrated(self, margin: str, told: Calibration) -> str:
        """The probability of the margin."""
        if not told.knots:
            scaled = self.add("Mul", [margin, self.constant(float(told.slope))])
            return self.add("Sigmoid", [self.add("Add", [scaled, self.constant(float(told.offset))])])
        knots, values = np.array(told.knots), np.array(told.values)
        below, above = (self._tail(margin, told.slope, float(knots[end]), float(values[end])) for end in (0, -1))
        inside = self._between(margin, knots, values) if len(knots) > 1 else above
        is_below = self.add("Less", [margin, self.constant(knots[0])])
        is_above = self.add("Greater", [margin, self.constant(knots[-1])])
        return self.add("Where", [is_below, below, self.add("Where", [is_above, above, inside])])

    def _tail(self, margin: str, slope: float, knot: float, value: float) -> str:
        """Beyond an outermost knot: the sigmoid's slope goes on in log-odds."""
        moved = self.add("Mul", [self.add("Sub", [margin, self.constant(knot)]), self.constant(float(slope))])
        return self.add("Sigmoid", [self.add("Add", [moved, self.constant(float(np.log(value) - np.log1p(-value)))])])

    def _between(self, margin: str, knots: np.ndarray, values: np.ndarray) -> str:
        """The line between the two knots around the margin."""
        passed = self.add("GreaterOrEqual", [margin, self.constant(np.append(knots[1:-1], np.inf)[None, :])])
        counted = self.add("ReduceSum", [self.add("Cast", [passed], to=7), self.constant(np.array([1]))], keepdims=1)
        start, value, slope = (
            self.add("Gather", [self.constant(column), counted])
            for column in (knots[:-1], values[:-1], np.diff(values) / np.diff(knots))
        )
        risen = self.add("Mul", [self.add("Sub", [margin, start]), slope])
        return self.add("Add", [value, risen])


def _tensor(name: str, values: Sequence[float]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, dtype=np.uint8 if name == "nodes_modes" else np.float64), name)


def _planted(lists: dict[str, list], tree: dict[str, np.ndarray]) -> list[float]:
    """Add a tree's nodes and leaves; the members of its category splits, each set ended by NaN.

    A tree of one leaf becomes a node whose two sides are that leaf.
    """
    nodes, leaves, members = len(lists["nodes_splits"]), len(lists["leaf_weights"]), []
    lists["leaf_weights"] += tree["leaf_value"].tolist()
    lists["leaf_targetids"] += [0] * len(tree["leaf_value"])
    if "split_feature" not in tree:
        tree = {**tree, "split_feature": np.zeros(1), "threshold": np.zeros(1), "decision_type": np.zeros(1)}
        tree |= {"left_child": np.array([-1.0]), "right_child": np.array([-1.0])}
    for place, kind in enumerate(tree["decision_type"].astype(int)):
        threshold = float(tree["threshold"][place])
        if kind & CATEGORICAL:
            members += [*_levels(tree, int(threshold)), float("nan")]
        lists["nodes_featureids"].append(int(tree["split_feature"][place]))
        lists["nodes_modes"].append(MEMBER if kind & CATEGORICAL else LESS_OR_EQUAL)
        lists["nodes_splits"].append(0.0 if kind & CATEGORICAL else threshold)
        lists["nodes_missing_value_tracks_true"].append(int(_missing_goes_left(kind, threshold)))
        for side, name in (("left_child", "true"), ("right_child", "false")):
            child = int(tree[side][place])
            lists[f"nodes_{name}leafs"].append(int(child < 0))
            lists[f"nodes_{name}nodeids"].append(leaves + ~child if child < 0 else nodes + child)
    return members


def _levels(tree: dict[str, np.ndarray], at: int) -> list[float]:
    """The codes that go left at a category split: the bits of its words."""
    bounds, words = tree["cat_boundaries"].astype(int), tree["cat_threshold"].astype(np.int64)
    own = words[bounds[at] : bounds[at + 1]]
    return [float(32 * word + bit) for word, bits in enumerate(own) for bit in range(32) if (int(bits) >> bit) & 1]


def _missing_goes_left(kind: int, threshold: float) -> bool:
    """Where a missing value goes: never into a set of levels; as the node says; else it counts as zero."""
    if kind & CATEGORICAL:
        return False
    return bool(kind & DEFAULT_LEFT) if (kind >> 2) & 3 == MISSING_NAN else threshold >= 0
