"""Random feature definitions over the fields of random logs."""

import json
import random

from core.features.aggregates import AGGREGATES, SCOPES

CONDITIONS = (
    None,
    "type = 'page_viewed'",
    "source = 'web' AND type <> 'login'",
    "page LIKE '/pricing%'",
    "properties.amount >= 1",
    "type IN ('form_sent', 'order_placed') OR plan = 'pro'",
    "NOT (plan = 'pro')",
    "amount IS NULL",
    "region = 'eu' AND page IS NOT NULL",
    "page = 1",
    "page = FALSE",
    "properties.deep.tier = 1 OR properties.deep.tier = 7",
    "occurred_at >= '2024-10-20T00:00:00Z'",
    "session_id = 's1'",
    "lead_id <> 'L2'",
    "source = 'nowhere'",
)
WINDOWS = ("all", "6h", "36h", "7d", "30d", "90d")
NUMERIC = ("amount", "properties.amount", "page", "properties.deep.tier")
ANYTHING = ("amount", "page", "plan", "type", "source", "region", "session_id", "properties.deep.tier", "lead_id")


def definitions(seed: int, count: int) -> list[dict[str, str]]:
    rng = random.Random(seed)
    attributes = [{"name": f"at_{name}", "attribute": name} for name in ("employees", "industry", "partner")]
    return attributes + [_definition(rng, place) for place in range(count - len(attributes))]


def _definition(rng: random.Random, place: int) -> dict[str, str]:
    names = tuple(AGGREGATES)
    aggregate = names[place % len(names)] if rng.random() < 0.7 else rng.choice(names)
    spec = AGGREGATES[aggregate]
    body = {"name": f"f{place}_{aggregate}", "aggregate": aggregate, "window": rng.choice(WINDOWS)}
    where = rng.choice(CONDITIONS[1:] if "where" in spec.needs else CONDITIONS)
    if where:
        body["where"] = where
    if rng.random() < 0.35:
        body["scope"] = rng.choice(SCOPES)
    return body | _special(rng, aggregate)


def _special(rng: random.Random, aggregate: str) -> dict[str, str]:
    spec, body = AGGREGATES[aggregate], {}
    if "of" in spec.needs:
        body["of"] = rng.choice(NUMERIC if spec.numeric else ANYTHING)
    if spec.dtype is None and rng.random() < 0.5:
        body["type"] = rng.choice(("number", "category", "boolean"))
    if aggregate == "velocity":
        body |= {"window": rng.choice(WINDOWS[1:]), "against": rng.choice(("12h", "21d"))}
    if "half_life" in spec.needs:
        body["half_life"] = rng.choice(("12h", "7d"))
    if aggregate == "followed_by":
        body |= {"then": rng.choice(CONDITIONS[1:]), "within": rng.choice(("6h", "3d"))}
    return body


def document(features):
    lines = [", ".join(f"{key}: {json.dumps(value)}" for key, value in body.items()) for body in features]
    listed = "\n".join(f"  - {{{line}}}" for line in lines)
    return f"schema: leadbench/features/v1\nname: random\nfeatures:\n{listed}\n"
