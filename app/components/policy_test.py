"""One lead under both versions: its own inputs, some of them changed by hand, and the rules that decide."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.components import chart, frame_table, linked
from app.queries import leads, people, policies, simulation, versions
from core.policy.editing import cell_value
from core.policy.store import StoredVersion


def show(text: str, live: StoredVersion, key: str) -> None:
    """Draw the choice of a lead, a changed score if wanted, and what both versions make of it."""
    with chart.card("Test on a lead"):
        ref = linked.select("Lead", leads.names(200), "lead", f"{key}_lead", any_word=True)
        given = _given(text, key)
        tested = simulation.test(people.id_of(ref), live, text, given)
        if tested is None:
            st.caption("This lead is not decided yet, or the draft cannot be read.")
            return
        config = {"output": "Output", "before": f"Live {policies.title(live)}", "after": "Draft"}
        frame_table.show(tested.outputs, f"{key}_outputs", columns=config, alt="Both decisions of the lead.")
        _trace(tested.trace["trace"])
        with st.expander("Inputs that the draft read"):
            frame_table.show(tested.given, f"{key}_given", columns={"input": "Input", "value": "Value"}, height=260)


def _given(text: str, key: str) -> Mapping[str, object]:
    policy = policies.checked(text).policy
    fields = list(policy.input_fields) if policy else []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Change an input", fields, index=None, key=f"{key}_input", placeholder="as it is",
            format_func=versions.attribute_name,
        )  # fmt: skip
        value = st.text_input("to", key=f"{key}_value", disabled=name is None)
    return {name: cell_value(value)} if name and value.strip() else {}


def _trace(trace: Mapping[str, Any]) -> None:
    band, routing = trace.get("band"), trace.get("routing")
    if not band or not routing:
        st.caption("The inputs break the contract: the lead is held before any rule is read.")
        return
    steps = " · ".join(
        f"{one['band']} {one['kind']} {one['value']:.4f} ({one['margin']:+.4f})" for one in band["thresholds"]
    )
    st.caption(f"Thresholds as they apply: {steps}")
    row = routing["row"] or ("otherwise" if routing["otherwise"] else "none")
    passed = ", ".join(one["id"] for one in routing["passed_over"])
    st.caption(f"Route `{row}`" + (f", passed over {passed}" if passed else ""))
