"""The record: the ledger's entries, whether the chain holds, and stored decisions made again."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import polars as pl
import streamlit as st

from app.queries.access import database, revision, rooms
from core.governance import evidence

BODY = 240


def entries(streams: tuple[str, ...], actor: str | None) -> pl.DataFrame:
    """seq, at, stream, kind, actor, body (shortened), hash, prev; newest first, narrowed to streams and a person."""
    found = _entries(revision())
    kept = [pl.col("stream").is_in(streams)] if streams else []
    return found.filter(*kept, *([pl.col("actor") == actor] if actor else []))


@st.cache_data(max_entries=2, show_spinner=False)
def _entries(revision: str) -> pl.DataFrame:
    found = database().entries().reverse()
    return found.select(
        "seq", "at", "stream", "kind", "actor", pl.col("body").str.slice(0, BODY), "hash", "prev"
    ).with_columns(hash=pl.col("hash").str.slice(7, 16), prev=pl.col("prev").str.slice(7, 16))


def actors() -> list[str]:
    """Everybody who wrote into the ledger, by name."""
    return _entries(revision())["actor"].unique().sort().to_list()


def body(seq: int) -> str:
    """The whole body of an entry, as indented JSON."""
    return json.dumps(json.loads(database().body_of(seq)), indent=2, ensure_ascii=False)


def decisions() -> int:
    """How many decisions the store holds."""
    return rooms().decisions.count()


def export() -> bytes:
    """The evidence as one ZIP: ledger, records, manifest, and a verifier that needs only Python."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        evidence.export(database(), Path(folder))
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(Path(folder).iterdir()):
                packed.write(path, path.name)
    return buffer.getvalue()
