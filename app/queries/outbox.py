"""What other systems are told: messages by status, and those that are not delivered."""

from urllib.parse import urlsplit

import polars as pl
import streamlit as st

from app.queries.access import database, revision
from core.decisions.store_outbox import DEAD, GONE, STATUSES, STREAM, WAITING, OutboxStore
from core.kernel.settings import Settings

MOST = 200


def counts() -> dict[str, int]:
    """How many messages there are by status."""
    return _counts(revision(STREAM))


@st.cache_data(max_entries=2, show_spinner=False)
def _counts(revision: str) -> dict[str, int]:
    found = OutboxStore(database()).counts()
    return {status: found.get(status, 0) for status in STATUSES}


def undelivered() -> pl.DataFrame:
    """The newest messages that are dead, that wait, and whose decision is gone, as `OutboxStore.listed` gives them."""
    return _undelivered(revision(STREAM))


@st.cache_data(max_entries=2, show_spinner=False)
def _undelivered(revision: str) -> pl.DataFrame:
    return pl.concat([OutboxStore(database()).listed(status, MOST) for status in (DEAD, WAITING, GONE)])


def receiver() -> str:
    """Where messages go, in words; what follows the host of an address may be a secret."""
    settings: Settings = database().settings
    parts = urlsplit(settings.outbox_url or "")
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "the file outbox.jsonl in the store's folder"
