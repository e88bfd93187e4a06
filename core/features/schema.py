"""The fields that a feature may name: the event envelope, and properties as JSON values."""

from core.kernel.expressions import Field, Kind, Schema

ENVELOPE = (
    Field("event_id", Kind.TEXT, optional=False),
    Field("lead_id", Kind.TEXT, optional=False),
    Field("anonymous_id", Kind.TEXT),
    Field("account_id", Kind.TEXT),
    Field("session_id", Kind.TEXT),
    Field("source", Kind.TEXT, optional=False),
    Field("type", Kind.TEXT, optional=False),
    Field("occurred_at", Kind.TIME, optional=False),
    Field("received_at", Kind.TIME, optional=False),
    Field("region", Kind.TEXT),
    Field("schema_version", Kind.INT, optional=False),
    Field("batch_id", Kind.TEXT, optional=False),
    Field("trace_id", Kind.TEXT),
)
ENVELOPE_NAMES = frozenset(field.name for field in ENVELOPE)
JSON_COLUMNS = ("properties", "context")


def json_path(name: str) -> tuple[str, str] | None:
    """The JSON column and the key that a field name reads; None for an envelope field."""
    column, _, key = name.partition(".")
    return (column, key) if key and column in JSON_COLUMNS else None


def property_field(name: str) -> Field | None:
    """The field of a property: `properties.plan`, `context.locale`, or a bare `plan` for `properties.plan`."""
    if name in ENVELOPE_NAMES or name in JSON_COLUMNS:
        return None
    return Field(name if json_path(name) else f"properties.{name}", Kind.ANY)


OPEN_SCHEMA = Schema(ENVELOPE, open=property_field)
