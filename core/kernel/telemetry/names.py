"""What may be written about an event or a decision outside the store: a closed list of names, and no personal value.

Standard names follow OpenTelemetry's messaging and feature-flag conventions (1.45, status Development).
"""

import re

STAGES = ("ingest", "validate", "commit", "wait", "decide", "features", "score", "policy", "record", "write", "deliver")
"""The stages of one event's way, in order: of its request, then of its decision."""
STANDARD = {
    "batch_size": "messaging.batch.message_count",
    "event_id": "messaging.message.id",
    "policy": "feature_flag.key",
    "policy_hash": "feature_flag.version",
    "arm": "feature_flag.result.variant",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "route": "http.route",
}
OWN = frozenset(
    (
        "accepted",
        "attempts",
        "band",
        "batch_id",
        "bytes",
        "code",
        "command",
        "count",
        "decision_id",
        "disposition",
        "duplicate",
        "exit_code",
        "kind",
        "lead_id",
        "leads",
        "model_hash",
        "pool",
        "quarantined",
        "queue_depth",
        "rows",
        "seconds",
        "source",
        "stage",
        "stale",
        "state",
        "trace_id",
        "trigger",
        "type",
        "url",
        "wait_us",
    )
)
WITHHELD = "[withheld]"
LONGEST = 200
_PERSONAL = re.compile(r"@|(?:^|\s)\+\d[\d ()/.-]{6,}")

Value = str | int | float | bool


def attribute(name: str) -> str:
    """The name under which a span carries an attribute."""
    return STANDARD.get(name) or f"lead.{name.removeprefix('lead_')}"


def safe(name: str, value: object) -> Value:
    """The value as it may be written; withheld where its name is not listed, or where it looks personal."""
    if name not in OWN and name not in STANDARD:
        return WITHHELD
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return WITHHELD if _PERSONAL.search(text) else text[:LONGEST]
