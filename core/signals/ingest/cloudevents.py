"""CloudEvents 1.0 in our terms."""

from collections.abc import Mapping
from typing import Any

from core.signals.adapters.cloudevents import translate
from core.signals.event_rows import SOURCE_WORDS
from core.signals.ingest.items import Given, ItemRefused, Seen, fitting, moment, text

TEXTS = ("specversion", "id", "source", "type", "subject")


def given(event: Mapping[str, Any], seen: Seen) -> Given:
    """One event in our terms, by the adapter of files; raises ItemRefused."""
    if text(event, "specversion") != "1.0":
        raise ItemRefused("unknown_version", "`specversion` is not 1.0")
    for name in TEXTS:
        text(event, name)
    found = fitting(translate, event)
    own = {
        "source": SOURCE_WORDS.get(str(found.event["source"]).lower(), seen.source),
        "trace_id": found.event.get("trace_id") or seen.trace_id,
    }
    return Given.of(found, own, moment(event, "time"))
