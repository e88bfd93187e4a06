"""Contributions of many rows, compiled: path-dependent tree SHAP with what a leaf gives looked up by pattern.

Which of the features on the way to a leaf let a row through is a pattern of bits; all rows of one pattern get the same
from that leaf, so it is worked out once (J. Yang, Fast TreeSHAP, 2021, version 2; here for patterns that occur).
"""

import numba
import numpy as np

TABLE_SLOTS = 8
BLOCK = 2048
ZERO = 1e-35
MISSING_ZERO, MISSING_NAN = 1, 2


@numba.njit(cache=True, nogil=True)
def goes_left(value, threshold, kind, words, word_from, word_until):  # noqa: ANN001, ANN201
    """Whether a value goes left at a node, as LightGBM decides."""
    if kind & 1:
        if np.isnan(value) or value < 0:
            return False
        word = word_from + int(value) // 32
        return word < word_until and (words[word] >> (int(value) % 32)) & 1 == 1
    missing = (kind >> 2) & 3
    if np.isnan(value) and missing != MISSING_NAN:
        value = 0.0
    if (missing == MISSING_ZERO and abs(value) <= ZERO) or (missing == MISSING_NAN and np.isnan(value)):
        return kind & 2 != 0
    return value <= threshold


@numba.njit(cache=True, nogil=True)
def give(pattern, shares, value, out, poly, weights):  # noqa: ANN001, ANN201
    """What a leaf gives each of its features for a pattern: Shapley values of value x product of ones and shares."""
    k = len(shares)
    for j in range(k):
        poly[0] = 1.0
        size = 0
        for i in range(k):
            if i == j:
                continue
            one = 1.0 if (pattern >> i) & 1 else 0.0
            poly[size + 1] = poly[size] * one
            for s in range(size, 0, -1):
                poly[s] = poly[s] * shares[i] + poly[s - 1] * one
            poly[0] *= shares[i]
            size += 1
        total = 0.0
        for s in range(k):
            total += weights[k, s] * poly[s]
        own = 1.0 if (pattern >> j) & 1 else 0.0
        out[j] = value * (own - shares[j]) * total


@numba.njit(cache=True, nogil=True)
def add_contributions(  # noqa: ANN201
    inputs, found, nodes, leaves, steps, slots, feature, threshold, kind, word_from, word_until, words,  # noqa: ANN001
    step_node, step_left, step_slot, slot_feature, slot_share, value, table_at, tables, known, weights, most,  # noqa: ANN001
):  # fmt: skip
    """Add every tree's contributions of the rows in `inputs` to `found` (rows x features)."""
    went = np.empty(len(feature) + 1, dtype=np.bool_)
    out, poly = np.empty(most + 1), np.empty(most + 2)
    for start in range(0, len(inputs), BLOCK):
        for tree in range(len(nodes) - 1):
            for row in range(start, min(start + BLOCK, len(inputs))):
                for node in range(nodes[tree], nodes[tree + 1]):
                    went[node] = goes_left(
                        inputs[row, feature[node]],
                        threshold[node],
                        kind[node],
                        words,
                        word_from[node],
                        word_until[node],
                    )
                for leaf in range(leaves[tree], leaves[tree + 1]):
                    first, k = slots[leaf], slots[leaf + 1] - slots[leaf]
                    pattern = (1 << k) - 1
                    for step in range(steps[leaf], steps[leaf + 1]):
                        if went[step_node[step]] != step_left[step]:
                            pattern &= ~(1 << step_slot[step])
                    if k > TABLE_SLOTS:
                        give(pattern, slot_share[first : first + k], value[leaf], out, poly, weights)
                        for j in range(k):
                            found[row, slot_feature[first + j]] += out[j]
                        continue
                    at = table_at[leaf] + pattern * k
                    if k and not known[at]:
                        give(pattern, slot_share[first : first + k], value[leaf], tables[at : at + k], poly, weights)
                        known[at] = True
                    for j in range(k):
                        found[row, slot_feature[first + j]] += tables[at + j]
