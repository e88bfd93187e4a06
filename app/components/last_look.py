"""How far the viewer had looked before: kept by the browser, not by the store, as looking never writes."""

from typing import Any

from streamlit.components.v2 import component

from app import session
from app.queries.access import this_minute

KNOWN = "session_last_look_"
MINUTES = 30
"""A visit is over where nobody looked for so long; by the `minute` every later look reaches the script too."""
SCRIPT = """
export default function ({ data, setStateValue }) {
  const now = Date.now();
  const keep = (before) =>
    window.localStorage.setItem(data.place, JSON.stringify({ before, head: data.head, at: now }));
  if (data.known !== null) return keep(data.known);
  let kept = null;
  try { kept = JSON.parse(window.localStorage.getItem(data.place)); } catch { kept = null; }
  const isOver = kept && now - kept.at > data.minutes * 60000;
  const before = kept ? (isOver ? kept.head : kept.before) : 0;
  keep(before);
  setStateValue("before", before);
}
"""


def before(store: str, head: int) -> int | None:
    """The number of the ledger's newest entry when this viewer's last visit ended; None where it is not known (yet).

    `store` tells stores apart that are served at one address; `head` is the newest entry now.
    """
    who = session.identity() or ""
    key = f"{KNOWN}{who}"
    known: int | None = session.value(key)
    place = f"leadbench-{store}-{who}"
    minute = this_minute().isoformat()
    told = _asked(key, {"place": place, "head": head, "minutes": MINUTES, "known": known, "minute": minute})
    if known is None and told is not None:
        known = told
        session.remember(key, known)
    return known or None


def _asked(key: str, data: dict[str, Any]) -> int | None:
    """What the browser says, None before it did."""
    look = component("leadbench.last_look", js=SCRIPT)
    found = look(key=f"{key}_asked", data=data, default={"before": None}, on_before_change=_nothing, height=1)
    told = found.get("before")
    return int(told) if isinstance(told, int | float) else None


def _nothing() -> None:
    """The page is drawn again by the change itself."""
