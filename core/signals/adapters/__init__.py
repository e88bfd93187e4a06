"""Adapters of well-known sources, one module each: to add one, write its module like `snowplow` and list it here."""

import sys
from itertools import islice

from core.signals.adapters import cloudevents, ga4, hubspot, plain, posthog, salesforce, segment, snowplow
from core.signals.adapters.adapter import Adapter, RecordUnfit, Seen
from core.signals.adapters.records import records_of
from core.signals.errors import AdapterMaps, AmbiguousFormat, WrongKind
from core.signals.mapping import Mapping
from core.signals.raw import Raw

ADAPTERS = (
    segment.ADAPTER,
    segment.RUDDERSTACK,
    cloudevents.ADAPTER,
    snowplow.ADAPTER,
    posthog.ADAPTER,
    ga4.ADAPTER,
    salesforce.ADAPTER,
    hubspot.ADAPTER,
    plain.XES,
)
BY_NAME = {adapter.name: adapter for adapter in (*ADAPTERS, plain.PLAIN)}
FIRST_RECORDS = 50


def about(name: str) -> str:
    """What the adapter of that name makes of its source's records: the text that heads its module."""
    return (sys.modules[BY_NAME[name].detect.__module__].__doc__ or "").strip()


def seen(raw: Raw) -> Seen:
    """What detection looks at of a file."""
    records = tuple(record for _, record in islice(records_of(raw, FIRST_RECORDS), FIRST_RECORDS))
    return Seen(raw.format, frozenset(raw.columns), records)


def fitting(raw: Raw) -> list[Adapter]:
    """The adapters whose records these could be."""
    looked = seen(raw)
    return [adapter for adapter in ADAPTERS if _fits(adapter, looked)]


def _fits(adapter: Adapter, looked: Seen) -> bool:
    try:
        return adapter.detect(looked)
    except RecordUnfit:
        return False


def choose(raw: Raw, given: str | None, mapping: Mapping, kind: str, path: object) -> Adapter:
    """The adapter by which a file of `kind` is read: the one named, else the only one that fits, else the plain one.

    A mapping that names columns is followed as it stands, so it turns records back into plain columns. Raises
    AmbiguousFormat, WrongKind, AdapterMaps.
    """
    if given in BY_NAME:
        adapter = BY_NAME[str(given)]
        if adapter.translate and (mapping.columns or mapping.keep is not None):
            raise AdapterMaps(adapter.name, path)
    else:
        adapter = detected(raw, path)
        if adapter.translate and (mapping.columns or mapping.keep is not None):
            return plain.PLAIN
    if adapter.translate and kind != "events":
        raise WrongKind(adapter.name, kind, path)
    return adapter


def detected(raw: Raw, path: object) -> Adapter:
    """The only adapter that fits the file, or the plain one; raises AmbiguousFormat where several do."""
    found = fitting(raw)
    if len(found) > 1:
        raise AmbiguousFormat(path, [adapter.name for adapter in found])
    return found[0] if found else plain.PLAIN
