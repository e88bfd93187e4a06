"""Building a feature: which events, what of them, over which time; checked as it is written."""

import streamlit as st

from app import commands, navigation, session
from app.components import columns, feature_detail, frame_table, glossary, permitted
from app.feedback import done, refusals, refused
from app.queries import features as reads
from app.queries.features import Draft
from core.governance.permissions import Permission
from core.kernel.errors import LeadbenchError

ATTRIBUTE = "attribute"
SAVED = "features_saved"
HELP = {
    "where": "SQL conditions over type, source, region and properties, such as type = 'pricing_viewed'.",
    "window": "7d, 36h, 30m, or all.",
    "of": "A property or an envelope field, such as seconds_on_page.",
    "half_life": "After this time an event counts half.",
    "against": "The period just before the window, such as 21d.",
    "then": "The event that has to follow.",
    "within": "How soon it has to follow, such as 3d.",
}
EXAMPLES = {"of": "seats", "half_life": "7d", "against": "21d", "then": "type = 'demo_requested'", "within": "3d"}


def show(base: str | None, key: str) -> None:
    """Draw the builder; `base` is the hash of the set that the feature joins."""
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        values = _form(key)
    draft = reads.draft(values, base)
    with right:
        _check(draft, values)
        if draft.feature_set is not None:
            _look(draft, values["name"], key)
            _save(draft, key)


def _form(key: str) -> dict[str, str]:
    with st.container(border=True):
        st.selectbox(
            "Start from a ready-made feature", list(reads.templates()), index=None, key=f"{key}_template",
            format_func=lambda one: reads.templates()[one].label, placeholder="Choose, then change what you like",
            on_change=_take_template, args=(key,),
        )  # fmt: skip
        name = _text("Name", key, "name", _example_name(), "Letters, digits and _.")
        options = [*reads.WHAT_IT_IS, ATTRIBUTE]
        aggregate = st.selectbox(
            "Calculation", options, key=f"{key}_aggregate", persist_state="session", help=glossary.term("feature"),
            format_func=lambda one: f"{one} · {reads.WHAT_IT_IS.get(one, 'what is known of the lead')}",
        )  # fmt: skip
        if aggregate == ATTRIBUTE:
            chosen = st.selectbox("Attribute", reads.attributes(), key=f"{key}_attribute", persist_state="session")
            return {"name": name, "attribute": chosen or ""}
        return {"name": name, "aggregate": aggregate, **_behaviour(aggregate, key)}


def _take_template(key: str) -> None:
    """Fill the form with what the chosen feature says."""
    chosen = st.session_state.get(f"{key}_template")
    if chosen is None:
        return
    told = reads.templates()[chosen].content()
    told |= (
        {"aggregate": ATTRIBUTE}
        if ATTRIBUTE in told
        else {"window": told.get("window", "all"), "where": told.get("where", "")}
    )
    for name, value in told.items():
        st.session_state[f"{key}_{name}"] = str(value)


def _behaviour(aggregate: str, key: str) -> dict[str, str]:
    values = {
        "where": _text("Which events", key, "where", _example_condition(), HELP["where"]),
        "window": _text("Window", key, "window", "3d", HELP["window"]),
    }
    for need in reads.NEEDS[aggregate]:
        if need not in values:
            title = need.replace("_", " ").capitalize()
            values[need] = _text(title, key, need, EXAMPLES[need], HELP[need])
    return values


def _text(label: str, key: str, name: str, start: str, about: str) -> str:
    own = f"{key}_{name}"
    begin = "" if own in st.session_state else start
    return st.text_input(label, begin, key=own, help=about, persist_state="session").strip()


def _example_name() -> str:
    kinds = reads.kinds()["type"].to_list()
    words = "".join(one if one.isalnum() else "_" for one in kinds[0].lower()) if kinds else "new_feature"
    return f"{words[:40]}_3d"


def _example_condition() -> str:
    kinds = reads.kinds()["type"].to_list()
    return f"type = '{kinds[0]}'" if kinds else ""


def _check(draft: Draft, values: dict[str, str]) -> None:
    if draft.refusal is not None:
        refused(draft.refusal, placed=False)
        return
    feature = draft.feature_set.find(values["name"]) if draft.feature_set else None
    if feature is not None:
        st.success(
            f"**{feature.label}** · {feature.dtype} · {feature.role} · `{feature.behaviour_hash[7:19]}`",
            icon=":material/check_circle:",
        )


def _look(draft: Draft, name: str, key: str) -> None:
    try:
        look = reads.look(name, draft.text)
    except LeadbenchError as refusal:
        refused(refusal)
        return
    rows, outcomes, sql, polars, text = st.tabs(["20 rows", "By outcome", "SQL", "Polars", "Document"])
    with rows:
        missing = look.rows[name].null_count() if name in look.rows.columns else 0
        st.caption(f"Leads active last, as of the newest event · {missing} of {look.rows.height} missing")
        config = {"lead_id": "Lead", "as_of": columns.moment("As of"), name: "Value"}
        frame_table.show(
            look.rows, f"{key}_rows", columns=config, height=330, alt="The feature's value for twenty leads."
        )
    with outcomes:
        feature_detail.spread(look.spread, name, f"{key}_spread")
    sql.code(look.sql, language="sql", height=330)
    polars.code(look.polars, language="python", height=330)
    text.code(draft.text, language="yaml", height=330)


def _save(draft: Draft, key: str) -> None:
    pressed = st.button(
        "Save as a feature set",
        type="primary",
        key=f"{key}_save",
        icon=":material/save:",
        **permitted.by(Permission.BUILD, disabled=draft.feature_set is None),
    )
    if pressed and draft.feature_set is not None:
        with refusals():
            set_hash = commands.register_features(draft.feature_set)
            session.remember(SAVED, set_hash)
            done(f"The set with this feature is kept as {set_hash[7:19]}.")
            st.rerun()
    if draft.feature_set is not None and session.value(SAVED) == draft.feature_set.behaviour_hash:
        st.caption("This set is kept. Choose it under **Features** on Train to see what it is worth.")
        st.page_link(navigation.script("train"), label="Train with it", icon=":material/arrow_forward:")
