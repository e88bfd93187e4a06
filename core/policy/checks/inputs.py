"""Checks of the input contract: types, domains, typical values, sources, forbidden and personal fields."""

from collections.abc import Iterator
from decimal import Decimal

from core.kernel.expressions import Diagnostic
from core.kernel.strict_yaml import Path
from core.policy.blocks import InputField
from core.policy.checks.names import distinct, resolve
from core.policy.contract import check_of
from core.policy.document import Document
from core.policy.inputs import ENGINE_TYPES, is_engine_source
from core.policy.shape import Located
from core.policy.stages import OUTPUTS

NUMERIC = ("int", "decimal")


def check_inputs(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `inputs`."""
    yield from resolve(
        located, ("inputs", "on_violation", "queue"), "pool", document.inputs.on_violation.queue, document.pools
    )
    yield from _check_hidden(document, located)
    for name, field in document.inputs.fields.items():
        path = ("inputs", "fields", name)
        yield from _check_name(name, path, located)
        faults = list(_check_type(name, field, path, located))
        yield from faults
        yield from _check_source(name, field, path, located)
        if not faults:
            yield from _check_typical(name, field, path, located)


def _check_hidden(document: Document, located: Located) -> Iterator[Diagnostic]:
    personal = document.privacy.personal_fields if document.privacy else ()
    hidden = {**dict.fromkeys(personal, "personal"), **dict.fromkeys(document.inputs.forbidden, "forbidden")}
    for name in document.inputs.fields:
        if name in hidden:
            kind = hidden[name]
            yield located.diagnostic(
                f"{kind}_field",
                ("inputs", "fields", name),
                f"`{name}` is {kind}, so a policy may not read it.",
                "Take it out of `inputs.fields` and out of every condition.",
            )


def _check_name(name: str, path: Path, located: Located) -> Iterator[Diagnostic]:
    if name in OUTPUTS:
        yield located.diagnostic(
            "reserved_name", path, f"`{name}` is an output of the policy.", "Give the input another name."
        )


def _check_type(name: str, field: InputField, path: Path, located: Located) -> Iterator[Diagnostic]:
    if (field.scale is None) is (field.type == "decimal"):
        yield located.diagnostic(
            "wrong_scale",
            path,
            f"`{name}` is `{field.type}` with scale `{field.scale}`.",
            "A decimal field has a scale (such as 4), any other has none.",
        )
    if bool(field.values) is not (field.type == "enum"):
        yield located.diagnostic(
            "wrong_values",
            path,
            f"`{name}` is `{field.type}` with {len(field.values)} values.",
            "An enum field lists its values, any other lists none.",
        )
    yield from distinct(located, path, f"the values of `{name}`", field.values)
    yield from _check_limits(name, field, path, located)


def _check_limits(name: str, field: InputField, path: Path, located: Located) -> Iterator[Diagnostic]:
    limits = [limit for limit in (field.min, field.max) if limit is not None]
    if limits and field.type not in NUMERIC:
        yield located.diagnostic(
            "wrong_limits", path, f"`{name}` is `{field.type}` and has min or max.", "Only numbers have a domain."
        )
    if len(limits) == 2 and limits[0] > limits[1]:
        yield located.diagnostic(
            "wrong_limits", path, f"`{name}` has min `{limits[0]}` above max `{limits[1]}`.", "Swap them."
        )
    for limit in limits:
        if places(limit) > (field.scale or 0):
            yield located.diagnostic(
                "over_precise",
                path,
                f"`{name}` keeps {field.scale or 0} decimal places; its limit `{limit}` has more.",
                "Round the limit, or raise the scale.",
            )


def places(number: float) -> int:
    """How many decimal places a written number has."""
    exponent = Decimal(str(number)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _check_typical(name: str, field: InputField, path: Path, located: Located) -> Iterator[Diagnostic]:
    if field.typical is None:
        return
    _, code = check_of(field)(field.typical)
    if code:
        yield located.diagnostic(
            "typical_outside",
            (*path, "typical"),
            f"The typical value `{field.typical}` of `{name}` is not in its domain ({code}).",
            "Give a value that a plain eligible lead has.",
        )


def _check_source(name: str, field: InputField, path: Path, located: Located) -> Iterator[Diagnostic]:
    if not is_engine_source(field.source):
        return
    known = ENGINE_TYPES.get(name)
    if known is None or known[0] != field.source:
        given = ", ".join(f"`{item}` ({source})" for item, (source, _) in ENGINE_TYPES.items())
        yield located.diagnostic(
            "unknown_source",
            (*path, "source"),
            f"The engine gives no `{name}` as `{field.source}`.",
            f"The engine gives {given}.",
        )
    elif field.type != known[1]:
        yield located.diagnostic(
            "wrong_source_type",
            path,
            f"`{name}` is `{field.type}`, but the engine gives it as `{known[1]}`.",
            f"Write `type: {known[1]}`.",
        )
