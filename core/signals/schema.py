"""What conditions over the log may name: the event envelope, and properties as JSON values."""

from core.kernel.expressions import Field, Kind, Schema

ENVELOPE = (
    *(Field(name, Kind.TEXT, optional=False) for name in ("event_id", "lead_id", "source", "type", "batch_id")),
    *(Field(name, Kind.TEXT) for name in ("anonymous_id", "account_id", "session_id", "region", "trace_id")),
    *(Field(name, Kind.TIME, optional=False) for name in ("occurred_at", "received_at")),
    Field("schema_version", Kind.INT, optional=False),
)
_NAMES = frozenset(field.name for field in ENVELOPE)
_OBJECTS = ("properties", "context")


def _property(name: str) -> Field | None:
    if name in _OBJECTS:
        return None
    column, _, key = name.partition(".")
    return Field(name if key and column in _OBJECTS else f"properties.{name}", Kind.ANY)


EVENTS = Schema(ENVELOPE, open=_property)


def event_column(field: Field) -> str:
    """The SQL of a field over the view `event_log`."""
    if field.name in _NAMES:
        return f'"{field.name}"'
    column, _, key = field.name.partition(".")
    path = '$."' + key.replace('"', '\\"') + '"'
    return f"json_extract({column}, '{path.replace(chr(39), chr(39) * 2)}')"
