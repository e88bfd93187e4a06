"""What each stage may read: the declared inputs and the outputs of the stages before it."""

from decimal import Decimal

from core.kernel.expressions import Field, Kind, Schema
from core.policy.blocks import InputField
from core.policy.document import Document

KINDS = {
    "int": Kind.INT,
    "decimal": Kind.DECIMAL,
    "bool": Kind.BOOL,
    "enum": Kind.ENUM,
    "text": Kind.TEXT,
}
DISPOSITIONS = ("DENY", "HOLD", "PERMIT")
OUTPUTS = ("disposition", "band", "priority", "next_state", "pool", "sla_min", "method", "action")
STAGES = ("guards", "priority", "lifecycle", "routing", "actions")


def input_field(name: str, declared: InputField) -> Field:
    """The expression field of a declared input."""
    return Field(
        name=name,
        kind=KINDS[declared.type],
        optional=not declared.required,
        values=declared.values,
        scale=declared.scale or 0,
        minimum=_decimal(declared.min),
        maximum=_decimal(declared.max),
    )


def schema_of(document: Document, stage: str) -> Schema:
    """The fields that a condition of the stage may read."""
    inputs = [input_field(name, item) for name, item in document.inputs.fields.items()]
    return Schema([*inputs, *outputs_before(document, stage)])


def claim_schema(document: Document) -> Schema:
    """The fields that a claim may read: the inputs and every output."""
    actions = document.actions
    action = [_words("action", actions.catalogue, optional=True)] if actions else []
    return Schema([*schema_of(document, STAGES[-1]), *action])


def outputs_before(document: Document, stage: str) -> list[Field]:
    """The outputs of the stages before this one, as expression fields."""
    made = [
        [],
        [_words("disposition", DISPOSITIONS), _words("band", document.bands.order)],
        [_whole("priority")],
        [_next_state(document)],
        [_words("pool", tuple(document.pools), optional=True), _whole("sla_min", optional=True), _method(document)],
    ]
    return [field for outputs in made[: STAGES.index(stage) + 1] for field in outputs if field]


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _words(name: str, values: tuple[str, ...], *, optional: bool = False) -> Field:
    return Field(name=name, kind=Kind.ENUM, optional=optional, values=values)


def _whole(name: str, *, optional: bool = False) -> Field:
    return Field(name=name, kind=Kind.INT, optional=optional)


def _next_state(document: Document) -> Field | None:
    return _words("next_state", tuple(document.lifecycle.states)) if document.lifecycle else None


def _method(document: Document) -> Field | None:
    routing = document.routing
    routes = [row.then for row in routing.rules] + ([routing.otherwise] if routing.otherwise else [])
    methods = tuple(dict.fromkeys(route.method for route in routes if route.method))
    return _words("method", methods, optional=True) if methods else None
