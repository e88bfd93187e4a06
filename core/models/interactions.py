"""How far two features act together: what they do jointly beyond what each does alone.

Friedman's H by partial dependence (J. Friedman, B. Popescu, Predictive learning via rule ensembles, 2008) on the
margin, where effects of features that do not act together add up. The share H squared is of the pair's own joint effect
and is large for pairs that hardly matter, so pairs are ranked by the size of the joint part itself (A. Inglis,
A. Parnell, C. Hurley, Visualizing variable importance and variable interaction effects, 2022).
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from core.models.encoding import Floats, matrix
from core.models.model import Model
from core.models.scoring import margins

MOST_ROWS = 60
SMALLEST = 1e-12
KINDS = {"feature": pl.String, "other": pl.String, "size": pl.Float64, "share": pl.Float64}


def strength(model: Model, frame: pl.DataFrame, names: Sequence[str], seed: int = 7) -> pl.DataFrame:
    """One row a pair of the named features, the strongest first: feature, other, size and share.

    size: the root mean square of the joint part, in log-odds; share: H squared, from 0 to 1 - the joint part's share of
    what the pair does. Exact on at most 60 rows of the frame, drawn by the seed. Raises ColumnsMissing.
    """
    rows = frame.sample(MOST_ROWS, seed=seed) if len(frame) > MOST_ROWS else frame
    inputs = matrix(rows, model.features, model.categories)
    places = {name: model.names.index(name) for name in names}
    alone = {name: _effect(model, inputs, [place]) for name, place in places.items()}
    found = []
    for one, other in combinations(names, 2):
        both = _effect(model, inputs, [places[one], places[other]])
        joint = both - alone[one] - alone[other]
        found.append((one, other, float(np.sqrt(np.mean(joint**2))), _share(joint, both)))
    pairs = pl.DataFrame(found, schema=KINDS, orient="row")
    return pairs.sort("size", "feature", "other", descending=[True, False, False])


def _share(joint: Floats, both: Floats) -> float:
    whole = float(np.sum(both**2))
    return min(float(np.sum(joint**2)) / whole, 1.0) if whole > SMALLEST else 0.0


def _effect(model: Model, inputs: Floats, places: list[int]) -> Floats:
    """Centred partial dependence at each row's own values of these columns, averaged over all rows (rows)."""
    rows = len(inputs)
    tried = np.tile(inputs, (rows, 1))
    tried[:, places] = np.repeat(inputs[:, places], rows, axis=0)
    effect = margins(model, tried).reshape(rows, rows).mean(axis=1)
    return effect - effect.mean()
