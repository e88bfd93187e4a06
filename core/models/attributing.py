"""Which way a model's contributions are worked out: compiled, or by LightGBM itself; its facts name the way for good.

Both are exact path-dependent tree SHAP and agree to about 1e-15 in the margin, but not to the last bit, and a record
must be made again to the last bit. So the way is the model's, not the batch's, and a record names it by its model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib.util import find_spec
from math import factorial
from threading import Lock
from typing import Any

import numpy as np

from core.kernel.compiling import settle
from core.models.encoding import Floats
from core.models.trees import Forest, forest

FACT = "contributions"
COMPILED, LIGHTGBM = "fast_tree_shap", "lightgbm_pred_contrib"
FEW_ROWS = 512
"""So many rows share what earlier calls have worked out; more rows begin anew, beside them."""


def method() -> str:
    """The way that models trained here get: compiled wherever Numba is."""
    return COMPILED if find_spec("numba") else LIGHTGBM


def is_compiled(facts: Mapping[str, Any]) -> bool:
    """Whether a model of these facts is explained by the compiled way; where it cannot be, LightGBM comes nearest."""
    return facts.get(FACT) == COMPILED and method() == COMPILED


def compiled_contributions(booster: str, inputs: Floats) -> Floats:
    """Margin contributions (rows x features) of every row, on one thread; the same bits whatever rows come together."""
    leaves = _leaves(booster)
    if len(inputs) > FEW_ROWS:
        return _run(_Leaves(leaves.trees), inputs)
    with leaves.lock:
        return _run(leaves, inputs)


@dataclass
class _Leaves:
    """A model's trees with what is known of each leaf by pattern; one call at a time may use it."""

    trees: Forest
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        settle(__file__)
        from core.models.kernels import TABLE_SLOTS

        sizes = np.diff(self.trees.slots)
        rooms = np.where(sizes <= TABLE_SLOTS, sizes << np.minimum(sizes, TABLE_SLOTS), 0)
        self.table_at = np.concatenate([[0], np.cumsum(rooms)])
        self.tables = np.empty(int(self.table_at[-1]) + 1)
        self.known = np.zeros(len(self.tables), dtype=np.bool_)


def _run(leaves: _Leaves, inputs: Floats) -> Floats:
    from core.models import kernels

    add: Any = kernels.add_contributions
    trees, found = leaves.trees, np.zeros(inputs.shape)
    most = trees.most_slots
    arrays = [getattr(trees, one.name) for one in fields(trees)]
    add(inputs, found, *arrays, leaves.table_at, leaves.tables, leaves.known, _weights(most), most)
    return found


@lru_cache(maxsize=24)
def _leaves(booster: str) -> _Leaves:
    return _Leaves(forest(booster))


def _weights(most: int) -> Floats:
    """Shapley's weights: of the subsets of `s` others among `k` features."""
    found = np.zeros((most + 1, max(most, 1)))
    for k in range(1, most + 1):
        for s in range(k):
            found[k, s] = factorial(s) * factorial(k - 1 - s) / factorial(k)
    return found


def warm() -> None:
    """Compile the way, or load it from the disk, before it is needed."""
    if method() != COMPILED:
        return
    nothing = "tree\nTree=0\nnum_leaves=1\nleaf_value=0\n\n"
    compiled_contributions(nothing, np.zeros((1, 1)))
