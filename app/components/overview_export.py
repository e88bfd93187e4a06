"""Taking the first page away: one sheet of PDF for who leads the sales."""

import streamlit as st

from app import session
from app.components import permitted
from app.queries import one_pager
from app.queries.access import may, role, rooms
from app.queries.scope import Scope
from core.exports.one_pager import to_pdf
from core.governance.permissions import Permission, Role


def show(asked: Scope, key: str) -> None:
    """Draw the button; what the sheet says of leads is what the role of who takes it may see."""
    actor, seen_by, is_allowed = session.identity(), role(), may(Permission.EXPORT)
    sheet = one_pager.sheet(asked) if is_allowed else None
    st.download_button(
        "One page, PDF",
        data=lambda: made(sheet, asked, actor, seen_by),
        file_name="leadbench-overview.pdf",
        mime="application/pdf",
        key=f"{key}_pdf",
        icon=":material/picture_as_pdf:",
        on_click="ignore",
        **permitted.by(Permission.EXPORT),
    )


def made(sheet: one_pager.OnePager | None, asked: Scope, actor: str | None, seen_by: Role) -> bytes:
    """The file; raises Forbidden where the permission is gone, or was never there."""
    people = rooms().users
    people.require(people.identity(actor).name, Permission.EXPORT)
    return to_pdf(one_pager.with_queue(sheet or one_pager.sheet(asked), asked, seen_by))
