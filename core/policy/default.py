"""The default policy: a document that fits any recipe, with thresholds written in as literal numbers."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from pathlib import Path
from string import Template

from core.policy.cells import UNARY

NAME = "default"
TEMPLATE = Path(__file__).with_name("default.template.yaml")
SCORED_BANDS = ("hot", "warm", "nurture")
SHARES = {"hot": 0.05, "warm": 0.20, "nurture": 0.50}
NEUTRAL = {"hot": 0.80, "warm": 0.55, "nurture": 0.25}
MOST_TERRITORIES = 12
HYSTERESIS = 5
BASIS = 10_000
STEP = 1 / BASIS
MOST_ALIKE = 0.5
TAKEN = ("priority", "inbound")
NEUTRAL_RATIONALE = (
    "The shipped default. Its thresholds are neutral, because it was written before any model was trained."
)
PROPOSED_RATIONALE = (
    "Proposed from the model's calibration slice: about 5 % of its leads are hot, 20 % warm or better, "
    "50 % nurture or better."
)


def propose(
    name: str = NAME,
    thresholds: Mapping[str, float] = NEUTRAL,
    fields: Mapping[str, Sequence[str]] | None = None,
    rationale: str = PROPOSED_RATIONALE,
) -> str:
    """The text of a policy with these enter thresholds (0 to 1, by band) for a store with these attributes.

    `fields` maps an attribute of the store to its distinct values; a `region` attribute gets a pool a region.
    Thresholds that collide are moved apart by 0.0001, so that the bands keep their order.
    """
    regions = _territories((fields or {}).get("region", ()))
    enters = spread(thresholds)
    exits = leave_below(enters)
    numbers = {f"{band}_enter": _text(enters[band]) for band in SCORED_BANDS}
    numbers |= {f"{band}_exit": _text(exits[band]) for band in SCORED_BANDS}
    return Template(TEMPLATE.read_text()).substitute(
        name=name,
        rationale=rationale,
        typical=_text(enters["nurture"]),
        below_nurture=_text(enters["nurture"] - 1),
        fields=_region_field(regions),
        rows=_region_rows(regions),
        pools=_region_pools(regions),
        **numbers,
    )


def shipped() -> str:
    """The default policy as shipped, with neutral thresholds."""
    return propose(NAME, NEUTRAL, rationale=NEUTRAL_RATIONALE)


def thresholds_from(scores: Sequence[float]) -> dict[str, float]:
    """Enter thresholds that let in about the top 5 %, 20 % and 50 % of the scores; neutral ones without scores.

    A threshold is a score that occurs: of several, the one whose share is nearest. Where more than half of the leads
    share the highest score there is nothing to tell them apart, and none of them is warm.
    """
    shares = _shares([score for score in scores if math.isfinite(score)])
    if not shares:
        return dict(NEUTRAL)
    highest = max(shares)
    if shares[highest] > MOST_ALIKE:
        return dict.fromkeys(SCORED_BANDS, highest)
    hot, warm, nurture = (_nearest(shares, SHARES[band]) for band in SCORED_BANDS)
    warm = min(warm, hot - STEP)
    return {"hot": hot, "warm": warm, "nurture": min(nurture, warm - STEP)}


def _nearest(shares: Mapping[float, float], share: float) -> float:
    return min(shares, key=lambda value: (abs(shares[value] - share), -value))


def _shares(scores: Sequence[float]) -> dict[float, float]:
    """Each occurring score, to 4 places, with the share of scores that reach it."""
    counts = sorted(Counter(round(score, 4) for score in scores).items(), reverse=True)
    reached = accumulate(count for _, count in counts)
    return {value: total / len(scores) for (value, _), total in zip(counts, reached, strict=True)}


def spread(thresholds: Mapping[str, float]) -> dict[str, int]:
    """Enter thresholds in basis points, strictly falling from hot to nurture and all within 1 to 10000.

    Where two collide the lower one gives way; where all are one score, which tells nobody apart, it is nurture's.
    """
    points = {band: _points(thresholds[band]) for band in SCORED_BANDS}
    if points["hot"] == points["nurture"]:
        points = {band: points[band] + 2 - place for place, band in enumerate(SCORED_BANDS)}
    enters: dict[str, int] = {}
    highest = BASIS
    for place, band in enumerate(SCORED_BANDS):
        enters[band] = max(min(points[band], highest), len(SCORED_BANDS) - place)
        highest = enters[band] - 1
    return enters


def leave_below(enters: Mapping[str, int]) -> dict[str, int]:
    """Exit thresholds in basis points: a fifth of the way down to the next band."""
    below = [*(enters[band] for band in SCORED_BANDS[1:]), 0]
    return {
        band: enters[band] - (enters[band] - next_enter) // HYSTERESIS
        for band, next_enter in zip(SCORED_BANDS, below, strict=True)
    }


def _points(score: float) -> int:
    return int((Decimal(str(score)) * BASIS).quantize(Decimal(1), ROUND_HALF_UP))


def _text(points: int) -> str:
    return f"{points / BASIS:.4f}"


def _territories(values: Sequence[str]) -> dict[str, str]:
    """Pool suffix → region, where the regions are few enough words to have a pool each."""
    if not all(isinstance(value, str) for value in values):
        return {}
    slugs = {_slug(value): value for value in sorted(set(values)) if _slug(value) and value.isprintable()}
    slugs = {slug: value for slug, value in slugs.items() if slug not in TAKEN and not UNARY.match(value)}
    return slugs if 2 <= len(slugs) <= MOST_TERRITORIES else {}


def _slug(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _region_field(regions: Mapping[str, str]) -> str:
    if not regions:
        return ""
    return "    region:          {type: text, required: false, source: lead}\n"


def _region_rows(regions: Mapping[str, str]) -> str:
    return "".join(
        f"    - {{id: r.hot_{slug}, when: {{band: hot, region: {_quoted(region)}}}, "
        f"then: {{pool: sdr.{slug}, sla_min: 15, method: weighted_round_robin}}}}\n"
        for slug, region in regions.items()
    )


def _region_pools(regions: Mapping[str, str]) -> str:
    return "".join(f"  sdr.{slug}: {{capacity: unbounded, fallback: sdr.priority}}\n" for slug in regions)
