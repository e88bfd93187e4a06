"""What came of a command: done, or refused with the remedy; never a traceback."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app import session
from core.kernel.addresses import without_addresses
from core.kernel.errors import LeadbenchError

SPOOLED = re.compile(r"[^\s`]*/leadbench-uploads-[^/`]+/[^/`]+/")
"""The folder in which a file waits that somebody uploaded."""


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal raised inside as what is wrong and what to do."""
    try:
        yield
    except LeadbenchError as refusal:
        refused(refusal)


def refused(refusal: LeadbenchError, *, placed: bool = True) -> None:
    """Show one refusal: the place if there is one, the message, the remedy; an uploaded file by its own name.

    It names no e-mail address, as a lead's id may be one; no place where not `placed`: a form wrote that text.
    """
    place = f"`{refusal.where}` · " if refusal.where and placed else ""
    told = f"{place}{refusal.message}\n\n{refusal.remedy}".strip()
    st.error(without_addresses(SPOOLED.sub("", told)), icon=":material/block:")


def done(text: str) -> None:
    """Say that a command was carried out; the notice survives the rerun that follows."""
    session.notify(text, ":material/check_circle:")


def show_notices() -> None:
    """Show what was said before the last rerun; main calls this once a draw."""
    for text, icon in session.notices():
        st.toast(text, icon=icon)
