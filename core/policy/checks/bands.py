"""Checks of bands and priority."""

from collections.abc import Iterator
from itertools import pairwise

from core.kernel.expressions import Diagnostic
from core.policy.banding import DWELL
from core.policy.blocks import Bands
from core.policy.checks.inputs import NUMERIC, places
from core.policy.checks.names import distinct, resolve
from core.policy.contract import bounds
from core.policy.document import Document
from core.policy.queueing import BY_THE_ENGINE, KEY, LEAD_ID
from core.policy.shape import Located

ROOT = "bands"
LARGEST_PRODUCT = 2**62


def check_bands(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `bands`."""
    bands = document.bands
    yield from distinct(located, (ROOT, "order"), "`bands.order`", bands.order)
    yield from _check_order(bands, located)
    yield from _check_labels(bands, located)
    yield from check_base(document, located, (ROOT, "field"), bands.field)
    yield from _check_previous(document, located)
    yield from _check_dwell(document, located)
    scored = [band for band in bands.order if band in bands.thresholds]
    for band in scored:
        yield from _check_threshold(document, located, band)
    for higher, lower in pairwise(scored):
        yield from _check_neighbours(bands, located, higher, lower)


def check_base(document: Document, located: Located, path: tuple[str, ...], name: str) -> Iterator[Diagnostic]:
    """Findings about a field that must be a required number."""
    fields = document.inputs.fields
    yield from resolve(located, path, "field", name, fields)
    field = fields.get(name)
    if field and field.type not in NUMERIC:
        yield located.diagnostic("wrong_type", path, f"`{name}` is `{field.type}`.", "Name a number.")
    if field and not field.required:
        yield located.diagnostic(
            "optional_base", path, f"`{name}` may be missing.", f"Write `required: true` at `inputs.fields.{name}`."
        )


def _check_order(bands: Bands, located: Located) -> Iterator[Diagnostic]:
    if bands.order[-1] != bands.otherwise:
        yield located.diagnostic(
            "band_order",
            (ROOT, "otherwise"),
            f"`{bands.otherwise}` is not the last band of the order.",
            "The order runs from high to low and ends in `otherwise`.",
        )
    for band in bands.thresholds:
        yield from resolve(located, (ROOT, "thresholds", band), "band", band, bands.order)
    for band in bands.order:
        if (band in bands.thresholds) is (band == bands.otherwise):
            yield located.diagnostic(
                "band_thresholds",
                (ROOT, "thresholds"),
                f"Band `{band}` {'has' if band == bands.otherwise else 'lacks'} thresholds.",
                "Every band has enter and exit, but for `otherwise`.",
            )


def _check_labels(bands: Bands, located: Located) -> Iterator[Diagnostic]:
    for band in bands.labels:
        yield from resolve(located, (ROOT, "labels", band), "band", band, bands.order)
    missing = [band for band in bands.order if band not in bands.labels]
    if missing:
        yield located.diagnostic(
            "missing_label", (ROOT, "labels"), f"Band `{missing[0]}` has no label.", "Give every band a letter."
        )
    yield from distinct(located, (ROOT, "labels"), "the labels", list(bands.labels.values()))


def _check_previous(document: Document, located: Located) -> Iterator[Diagnostic]:
    name = document.bands.previous
    yield from resolve(located, (ROOT, "previous"), "field", name, document.inputs.fields)
    field = document.inputs.fields.get(name or "")
    if field is None:
        return
    missing = [band for band in document.bands.order if band not in field.values]
    if missing:
        yield located.diagnostic(
            "previous_values",
            (ROOT, "previous"),
            f"`{name}` cannot be `{missing[0]}`.",
            f"Make it an enum of the bands and one word for no band: [none, {', '.join(document.bands.order)}].",
        )


def _check_dwell(document: Document, located: Located) -> Iterator[Diagnostic]:
    if not document.bands.min_dwell_min:
        return
    field = document.inputs.fields.get(DWELL)
    if field is None or field.type != "int" or document.bands.previous is None:
        yield located.diagnostic(
            "dwell_undeclared",
            (ROOT, "min_dwell_min"),
            f"A shortest stay needs `{DWELL}` and the previous band.",
            f"Declare `{DWELL}` as an int under `inputs.fields`, and name `bands.previous`.",
        )


def _check_threshold(document: Document, located: Located, band: str) -> Iterator[Diagnostic]:
    written, path = document.bands.thresholds[band], (ROOT, "thresholds", band)
    field = document.inputs.fields.get(document.bands.field)
    if written.exit > written.enter:
        yield located.diagnostic(
            "exit_above_enter",
            path,
            f"Band `{band}` is left below `{written.exit}` but entered at `{written.enter}`.",
            "The exit threshold is at most the enter threshold.",
        )
    for value in (written.enter, written.exit):
        if field and places(value) > (field.scale or 0):
            hint = f"`{document.bands.field}` keeps {field.scale or 0} decimal places."
            yield located.diagnostic("over_precise", path, f"Threshold `{value}` is too precise.", hint)
        if field and not _inside(value, field.min, field.max):
            hint = f"`{document.bands.field}` lies between {field.min} and {field.max}."
            yield located.diagnostic("outside_domain", path, f"Threshold `{value}` is never crossed.", hint)


def _inside(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _check_neighbours(bands: Bands, located: Located, higher: str, lower: str) -> Iterator[Diagnostic]:
    upper, under = bands.thresholds[higher], bands.thresholds[lower]
    if upper.enter <= under.enter or upper.exit < under.enter:
        yield located.diagnostic(
            "band_order",
            (ROOT, "thresholds", higher),
            f"Band `{higher}` ({upper.enter}/{upper.exit}) does not lie above `{lower}` ({under.enter}/{under.exit}).",
            f"`{higher}` is entered above, and left no lower than, where `{lower}` is entered.",
        )


def check_priority(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `priority`."""
    block = document.priority
    if block is None:
        return
    path = ("priority", "base", "field")
    yield from check_base(document, located, path, block.base.field)
    field = document.inputs.fields.get(block.base.field)
    if field and field.type in NUMERIC and (field.min is None or field.min < 0):
        yield located.diagnostic(
            "negative_base", path, f"`{block.base.field}` may be negative.", "Give it a minimum of 0 or more."
        )
    if field and field.type in NUMERIC and bounds(field).high * block.base.times > LARGEST_PRODUCT:
        yield located.diagnostic(
            "too_large",
            ("priority", "base"),
            f"`{block.base.field}` times {block.base.times} can pass what a whole number holds.",
            f"Give `{block.base.field}` a smaller maximum.",
        )
    if block.clamp[0] > block.clamp[1]:
        yield located.diagnostic(
            "wrong_limits", ("priority", "clamp"), f"The clamp `{list(block.clamp)}` is empty.", "Swap its ends."
        )
    yield from _check_tie_break(document, located, block.tie_break)


def _check_tie_break(document: Document, located: Located, written: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Each key is a known name with a direction, and the last one tells any two leads apart."""
    path = ("priority", "tie_break")
    known = (*BY_THE_ENGINE, *document.inputs.fields)
    names: list[str] = []
    for place, text in enumerate(written):
        match = KEY.fullmatch(text)
        if match is None:
            message = f"`{text}` is no sort key."
            yield located.diagnostic("invalid_sort_key", (*path, place), message, "Write `event_time asc`.")
        else:
            yield from resolve(located, (*path, place), "field", match[1], known)
            names.append(match[1])
    yield from distinct(located, path, "the tie-break", names)
    if names and names[-1] != LEAD_ID:
        yield located.diagnostic(
            "no_total_order",
            path,
            f"Two leads may be alike in `{names[-1]}`.",
            f"End the tie-break in `{LEAD_ID} asc`.",
        )
