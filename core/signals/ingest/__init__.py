"""Live ingest: requests become parcels, parcels are committed in groups, and each is answered after its commit."""

from core.signals.ingest.committer import Committed, Ingest
from core.signals.ingest.errors import BodyUnreadable, NothingAcceptable, QueueFull, ReadOnly
from core.signals.ingest.parcels import ItemError, Parcel, Receipt, Sender
from core.signals.ingest.reading import cloud_events, segment_batch, segment_call, unreadable

__all__ = [
    "BodyUnreadable",
    "Committed",
    "Ingest",
    "ItemError",
    "NothingAcceptable",
    "Parcel",
    "QueueFull",
    "ReadOnly",
    "Receipt",
    "Sender",
    "cloud_events",
    "segment_batch",
    "segment_call",
    "unreadable",
]
