"""The fields that a feature may name: the event envelope, and properties as JSON values."""

from collections.abc import Iterable

from core.kernel.database import Database
from core.kernel.errors import nearest
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

_PROPERTY_NAMES_SQL = """
SELECT DISTINCT unnest(json_keys(properties)) AS name FROM events UNION SELECT property FROM declared_properties
ORDER BY name
"""


class EventSchema(Schema):
    """The envelope and the properties that events have; a property may be written bare where its name is free."""

    def __init__(self, properties: Iterable[str]) -> None:
        self.properties = frozenset(properties)
        super().__init__((*ENVELOPE, *(Field(f"properties.{name}", Kind.ANY) for name in sorted(self.properties))))

    def find(self, name: str) -> Field | None:
        """The field of the name; a dotted property is found even if no event has it yet."""
        known = super().find(name)
        if known is not None or not (json_path(name) or name in self.properties):
            return known
        return property_field(name)

    def nearest(self, name: str) -> str | None:
        """The known name closest to `name`: of the envelope, or of a property as it is written bare."""
        return nearest(name, [*sorted(ENVELOPE_NAMES), *sorted(self.properties - ENVELOPE_NAMES)])


def event_schema(db: Database) -> Schema:
    """The fields that the store's events have or declare; every bare name is a property where there are none yet."""
    with db.scratch() as cursor:
        names = cursor.read(_PROPERTY_NAMES_SQL)["name"].to_list()
        empty = not names and cursor.read("SELECT 1 FROM events LIMIT 1").is_empty()
    return OPEN_SCHEMA if empty else EventSchema(names)
