"""Whether a draft is sound: the list of checks, every finding with its place, and what differs from live."""

import streamlit as st

from app.components import badges, chart
from app.queries import policies
from app.queries.policies import Check
from core.policy.store import StoredVersion

ICONS = {
    "passed": ":green[:material/check_circle:]",
    "warning": ":orange[:material/warning:]",
    "failed": ":red[:material/cancel:]",
}


MOST_FOUND = 20


def line(check: Check) -> None:
    """Draw one check."""
    st.markdown(f"{ICONS[check.verdict]} {check.title}", help=check.detail or None)


def card(text: str, live: StoredVersion, *more: Check) -> None:
    """Draw the checks as a card."""
    with chart.card("Checks", "What was checked on the text; what was simulated says so."):
        for check in (*policies.checks(text, live), *more):
            line(check)
            if check.verdict == "failed" and check.detail:
                st.caption(check.detail)
        report = policies.checked(text)
        if report.policy is not None:
            st.caption(
                f"Content `{report.policy.content_hash[7:19]}` · behaviour `{report.policy.behaviour_hash[7:19]}`"
            )


def findings(text: str, live: StoredVersion, key: str) -> None:
    """Draw the whole report: checks, findings with their places, each test."""
    left, right = st.columns([1, 1.6], gap="small")
    with left:
        card(text, live)
        report = policies.checked(text)
        st.download_button(
            "Report as JSON", data=lambda: policies.report_json(text), file_name="policy-check.json",
            mime="application/json", key=f"{key}_json", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    with right:
        found = policies.findings(text)
        with chart.card("Findings"):
            if found.is_empty():
                st.markdown(":green[:material/check_circle:] No finding: the document is sound.")
            else:
                for one in found.head(MOST_FOUND).iter_rows(named=True):
                    place = f"**Line {one['line']}, column {one['column']}**"
                    st.markdown(f"{ICONS['failed']} {place}: {one['message']} :gray[{one['hint'] or ''}]")
                if found.height > MOST_FOUND:
                    st.caption(f"{found.height - MOST_FOUND} more are in the report.")
        with chart.card("Its own tests"):
            for result in report.tests:
                verdict = "passed" if result.passed else "failed"
                line(Check(verdict, result.name, "" if result.passed else result.message))
            if not report.tests:
                st.caption("The document carries no test, or cannot be read.")
        badges.show(badges.evidence("measured"), ":gray[on the text and its own tests]")


def differences(before: str, after: str, title: str) -> None:
    """Draw what changed: the lines, and each change in words."""
    with chart.card(title):
        lines = policies.unified(before, after)
        if not lines:
            st.caption("Nothing differs.")
            return
        st.code(lines, language="diff", height=230 if lines.count("\n") > 9 else "content")
        told = policies.changes(before, after)
        if not told:
            return
        with st.expander(f"In words: {len(told)} change{'s' if len(told) != 1 else ''}"):
            for change in told:
                st.markdown(f"- `{change['path']}`: {_shown(change)}")


def _shown(change: dict[str, object]) -> str:
    parts = [f"**{str(change[side])[:120]}**" for side in ("before", "after") if change[side] is not None]
    return f"{change['kind']} {' → '.join(parts)}"
