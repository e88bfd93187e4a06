"""Refusals of new schema versions."""

from collections.abc import Sequence

from core.kernel.errors import LeadbenchError
from core.signals.schemas.compatibility import Change
from core.signals.schemas.document import EventSchema


class SchemaVersionTaken(LeadbenchError):
    """A version that is registered with another document."""

    code = "schema_version_taken"

    def __init__(self, schema: EventSchema) -> None:
        super().__init__(
            f"{schema.name} is registered already, with another document.",
            value=schema.version,
            remedy=f"A version never changes; write the change as version {schema.version + 1}.",
        )


class SchemaVersionWrong(LeadbenchError):
    """A version that leaves one out."""

    code = "schema_version_wrong"

    def __init__(self, schema: EventSchema, newest: int) -> None:
        super().__init__(
            f"{schema.name} does not follow the newest version, {newest}.",
            value=schema.version,
            remedy=f"Register it as version {newest + 1}.",
        )


class SchemaBreaks(LeadbenchError):
    """A version that would not understand what the one before wrote."""

    code = "schema_breaks"

    def __init__(self, schema: EventSchema, broken: Sequence[Change]) -> None:
        told = "; ".join(str(one.breaks) for one in broken)
        super().__init__(
            f"{schema.name} breaks what the version before wrote: {told}.",
            value=", ".join(one.name for one in broken),
            remedy=" ".join(one.remedy for one in broken),
        )
