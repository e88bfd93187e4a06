"""The draft as a form: thresholds, guards, routing rows and its reasons; every edit goes into the one text."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from app import session
from app.components import glossary, policy_draft
from app.components.policy_draft import Draft
from app.queries import policies, routes
from core.kernel.canonical import digest, short
from core.policy import editing
from core.policy.editing import Outline, Rule
from core.policy.store import StoredVersion

STEP = 0.001
RISKS = ("low", "medium", "high")


def thresholds(draft: Draft, outline: Outline, live: StoredVersion, key: str) -> None:
    """Draw a range a band: entered from its upper end, left below its lower end."""
    labels = _labels(live)
    top = _room(draft, outline)
    for band, (enter, leave) in outline.thresholds.items():
        name = f"{key}_cut_{band}_{top}"
        session.present(name, (leave, enter))
        st.slider(
            f"Band {labels.get(band, '')} · {band}", 0.0, top, step=STEP, key=name, format="%.3f",
            help=f"{glossary.term('hysteresis')} {glossary.term('exit_threshold')} Its own tests at it move along.",
            on_change=_cut, args=(draft, band, name),
        )  # fmt: skip


def _labels(live: StoredVersion) -> dict[str, str]:
    return dict(live.policy.document.bands.labels)


def _room(draft: Draft, outline: Outline) -> float:
    """The sliders' upper end: while the draft is on the desk no push moves it, since that would be another slider."""
    name = f"{session.DRAFT}policy_room_{draft.ref}"
    highest = max((enter for enter, _ in outline.thresholds.values()), default=0.5)
    known = session.value(name)
    if known is None or highest > known:
        known = min(1.0, max(0.1, round(highest * 1.6 + 0.05, 1)))
        session.remember(name, known)
    return known


def _cut(draft: Draft, band: str, name: str) -> None:
    leave, enter = session.value(name)
    policy_draft.edit(draft, lambda text: _moved(text, band, enter, leave))


def _moved(text: str, band: str, enter: float, leave: float) -> str:
    """The text with the end that was moved, its tests with it; the slider's rounding of the other end is no edit."""
    written = editing.outline(text)
    old = written.thresholds[band] if written else (enter, leave)
    kept = [before if abs(now - before) < STEP else now for now, before in zip((enter, leave), old, strict=True)]
    text = editing.with_threshold(text, band, *kept)
    for before, after in zip(old, kept, strict=True):
        text = editing.with_tests_moved(text, before, after) if before != after else text
    return text


def guards(draft: Draft, outline: Outline, live: StoredVersion, key: str) -> None:
    """Draw a switch a guard; off takes the rule out of the draft, on puts the live version's rule back."""
    known: dict[str, Rule] = {str(rule.get("id")): rule for rule in _live_guards(live)}
    known |= {str(rule.get("id")): rule for rule in outline.guards}
    present = {str(rule.get("id")) for rule in outline.guards}
    for guard, rule in known.items():
        name = f"{key}_guard_{guard}"
        session.present(name, guard in present)
        effect = "Deny" if rule.get("effect") == "DENY" else "Hold"
        label = f"{effect} · {str(rule.get('reason', guard)).replace('_', ' ')}"
        st.toggle(label, key=name, help=f"`{guard}`: {rule.get('if')}", on_change=_switch, args=(draft, known, name))


def _live_guards(live: StoredVersion) -> tuple[Rule, ...]:
    found = policies.outline(live.source)
    return found.guards if found else ()


def _switch(draft: Draft, known: dict[str, Rule], name: str) -> None:
    prefix = name[: name.index("_guard_") + len("_guard_")]
    kept = [rule for guard, rule in known.items() if session.value(f"{prefix}{guard}")]
    policy_draft.edit(draft, lambda text: editing.with_rules(text, editing.GUARDS, kept))


def routing(draft: Draft, outline: Outline, key: str) -> None:
    """Draw the routing table as a grid; a blank cell lets anything through."""
    fields = routes.conditions(outline)
    grid = routes.table(outline, fields)
    pools = _pools(draft)
    config = {
        "id": st.column_config.TextColumn("Rule", width="small"),
        **{name: st.column_config.TextColumn(name.replace("_", " ").capitalize(), width="small") for name in fields},
        "pool": st.column_config.SelectboxColumn("Pool", options=pools, help=glossary.term("pool"), required=True),
        "sla_min": st.column_config.NumberColumn("SLA, min", min_value=0, help=glossary.term("sla"), width="small"),
        "method": st.column_config.TextColumn("Method", width="small"),
    }
    edited = st.data_editor(
        grid, key=f"{key}_routes_{short(digest(str(outline.routes)))}", column_config=config, hide_index=True,
        num_rows="dynamic", height="content", alt="The routing table, one row a rule.",
    )  # fmt: skip
    wanted = routes.rules(pl.DataFrame(edited, schema=grid.schema), outline, fields)
    if wanted != [dict(rule) for rule in outline.routes] and not pl.DataFrame(edited, schema=grid.schema).equals(grid):
        policy_draft.edit(draft, lambda text: editing.with_rules(text, editing.ROUTES, wanted))
        st.rerun()


def _pools(draft: Draft) -> list[str]:
    policy = policies.checked(draft.text).policy or policies.checked(draft.kept).policy
    return list(policy.document.pools) if policy else []


def reasons(draft: Draft, outline: Outline, key: str) -> None:
    """Draw why the change is made and how risky it is."""
    risk, why = f"{key}_risk", f"{key}_rationale"
    session.present(risk, outline.risk_class if outline.risk_class in RISKS else "medium")
    session.present(why, outline.rationale)
    st.segmented_control(
        "Risk", RISKS, key=risk, required=True, format_func=str.capitalize, on_change=_set,
        args=(draft, "risk_class", risk), help="Low risk needs one approval, medium and high need two.",
    )  # fmt: skip
    st.text_area(
        "Rationale", key=why, height=100, on_change=_set, args=(draft, "rationale", why),
        help="At least ten characters; reviewers read it first.",
    )  # fmt: skip


def _set(draft: Draft, name: str, key: str) -> None:
    value = session.value(key)
    if value:
        policy_draft.edit(draft, _setter(name, str(value).strip()))


def _setter(name: str, value: str) -> Callable[[str], str]:
    return lambda text: editing.with_value(text, ("metadata", name), value)


def text(draft: Draft, key: str, height: int = 640) -> None:
    """Draw the draft as YAML."""
    name = f"{key}_yaml"
    session.present(name, draft.text)
    st.text_area(
        "YAML", key=name, height=height, label_visibility="collapsed", on_change=_type, args=(draft, name),
        help="Ctrl+Enter takes the text over into the form.",
    )  # fmt: skip


def _type(draft: Draft, name: str) -> None:
    typed = str(session.value(name))
    policy_draft.edit(draft, lambda _: typed)
