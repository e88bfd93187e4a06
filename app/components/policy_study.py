"""The full simulation of a draft: both modes, harm, capacity and value, and the evidence that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import jobs, release_commands
from app.components import badges, chart, export_menu, frame_table, kpi, linked, permitted
from app.feedback import done, refusals
from app.queries import simulation, study
from app.queries.simulation import Simulated
from core.governance.permissions import Permission
from core.policy.document import Policy
from core.policy.store import StoredVersion
from core.simulation.evidence import Evidence
from core.simulation.study import MINUTES, ONE_STEP, ROLLED, Study

JOB = "Full simulation"
HOW = {ONE_STEP: "As leads stand", ROLLED: "Rolled forward"}
HELP = (
    "As leads stand: each lead once, from the band and state that it has now. Rolled forward: every stored decision "
    "again in order, with bands, states, time-outs, touches and breaches as each version itself would have made them."
)
WORKING = ":material/hourglass_top: Being simulated: how far it is stands above."
MISSING = (
    "Not simulated for this draft yet. **Simulate in full** above compares groups of leads, serves them by the reps "
    "who are known, and asks the logged decisions what the draft would be worth."
)
VERDICTS = {"worse": "red", "better": "green", "unclear": "orange", "unchanged": "gray", "not enough leads": "gray"}


@dataclass(frozen=True)
class Answer:
    """A full simulation with its result as JSON, its evidence and, where it is rolled forward, its leads."""

    found: Study
    result: Mapping[str, Any]
    evidence: Evidence
    rolled: Simulated | None


def choose(live: StoredVersion, after: Policy, key: str) -> tuple[Answer | None, bool]:
    """Draw the choice of mode and the button; the full simulation of that choice, and whether it is at work."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = linked.segments("Mode", HOW, "how", f"{key}_how", help=HELP)
        minutes = st.number_input(
            "Minutes a lead takes a rep", 1.0, 480.0, MINUTES, 1.0, key=f"{key}_minutes", width=210,
            help="An assumption: how long a rep works on a lead, on average.",
        )  # fmt: skip
        subject = f"{simulation.subject(live, after)}|{mode}|{minutes}"
        job = jobs.about(JOB, subject)
        label = "Simulate in full" if job is None else "Simulate again"
        if st.button(
            label,
            key=f"{key}_run",
            icon=":material/science:",
            **permitted.by(Permission.SIMULATE, disabled=job is not None and job.running),
        ):
            with refusals():
                work = release_commands.study(live.policy, after, mode, minutes)
                job = jobs.begin(JOB, subject, work, patience=1.0)
    if job is None:
        return None, False
    if job.result is None:
        jobs.show(job, f"{key}_{job.job_id[-8:]}")
        return None, job.running
    return _answer(subject, job.result, job.seconds), False


def _answer(subject: str, found: Study, seconds: float) -> Answer:
    result, evidence = study.told(subject, found)
    rolled = simulation.simulated(f"{subject}|rolled", found.rolled, seconds, ROLLED) if found.rolled else None
    return Answer(found, result, evidence, rolled)


def show(answer: Answer | None, live: StoredVersion, after: Policy, key: str, *, working: bool) -> None:
    """Draw the full simulation, that it is at work, or what it would tell where there is none yet."""
    if answer is None:
        with chart.card("Harm, capacity and value"):
            st.caption(WORKING if working else MISSING)
        return
    harm(answer, live, key)
    first, second = st.columns([1.9, 1], gap="small")
    with first:
        capacity(answer.result)
        value(answer.result["value"])
    with second:
        evidence(answer, live, after, key)
        both(answer.result, key)
    with chart.card("By region, segment, size and consent"):
        frame_table.show(study.groups(answer.result), f"{key}_groups", columns=GROUPS, height=frame_table.fitting(8),
                         alt="Changes by group of leads.")  # fmt: skip


WAY = {"what": "On the way", "before": "Now", "after": "Then"}
GROUPS = {
    "dimension": "What", "group": "Group", "leads": "Leads", "changed": "Change", "newly_eligible": "Newly eligible",
    "newly_held": "Newly held", "newly_denied": "Newly denied", "sla_delta": "SLA minutes, total",
}  # fmt: skip


def both(result: Mapping[str, Any], key: str) -> None:
    """Draw the numbers of both modes side by side."""
    rows = study.both(result)
    columns = {"what": "Leads", "one_step": "As they stand", "rolled": "Rolled forward"}
    with chart.card("One step and rolled forward", HELP):
        frame_table.show(rows, f"{key}_both", columns=columns, alt="Leads that change, by mode.")
        history, sla = result["history"], result["sla_min"]
        if history:
            st.caption(f"{history['differing']:,} of {history['decisions']:,} decisions on the way differ.")
            frame_table.show(study.way(history), f"{key}_way", columns=WAY, alt="What happened on the way.")
            st.caption(f"Assumed. {' '.join(history['assumed'])}")
        if sla["mean_delta"] is not None:
            st.caption(
                f"SLA: {sla['mean_before']:,.0f} → {sla['mean_after']:,.0f} min on average; "
                f"{sla['sooner']:,} leads sooner, {sla['later']:,} later."
            )
        badges.show(badges.evidence("simulated"))


def harm(answer: Answer, live: StoredVersion, key: str) -> None:
    """Draw who is held or denied more or less often, group by group."""
    rows = study.harm(answer.result)
    note = (
        "Share of leads held or denied, with 95 % intervals; worse and better by McNemar's exact test, adjusted by "
        "Holm over all groups. A group of under 30 leads gets no verdict."
    )
    with chart.card("Harm check", note):
        with st.container(horizontal=True, vertical_alignment="center"):
            counts = rows["verdict"].drop_nulls().value_counts(sort=True).iter_rows()
            badges.show(*(f":{VERDICTS[verdict]}-badge[{count} {verdict}]" for verdict, count in counts))
            st.space("stretch")
            about = study.about(answer.found, live, answer.evidence)
            export_menu.show(rows, "harm-check", f"{key}_harm_export", about=about)
        if rows.is_empty():
            st.caption("The store knows no region, segment, company size or consent of its leads.")
            return
        columns = {
            "dimension": "What", "group": "Group", "verdict": "Verdict",
            "leads": st.column_config.NumberColumn("Leads", width="small"),
            **{name: st.column_config.TextColumn(label, width=172)
               for name, label in (("before", "Stopped now"), ("after", "Stopped then"), ("change", "Change"))},
        }  # fmt: skip
        frame_table.show(rows, f"{key}_harm", columns=columns, height=frame_table.fitting(9), alt="Harm by group.")
        badges.show(badges.evidence("simulated"))


def capacity(result: Mapping[str, Any]) -> None:
    """Draw how the reps keep up under both versions."""
    told = result["capacity"]
    with chart.card("Capacity and speed to lead", "Five weeks of arrivals, served again and again by chance."):
        if told["state"] != "simulated":
            _cannot(told["reason"])
            return
        before, after = told["before"], told["after"]
        kpi.tiles(
            [
                _measured("In time", before["sla_attainment"], after["sla_attainment"], ".1%", "normal"),
                _measured("Unassigned", before["unassigned_rate"], after["unassigned_rate"], ".1%", "inverse"),
                _measured("Median wait, min", before["median_wait"], after["median_wait"], ",.0f", "inverse"),
                _measured("Unevenness (Gini)", before["gini"], after["gini"], ".2f", "inverse"),
            ],
            "study_capacity",
        )
        frame_table.show(study.pools(result), "study_pools", columns=POOLS, alt="Service by pool.")
        hops = ", ".join(f"{hop} hops {share:.1%}" for hop, share in after["hops"].items())
        assumed = told["assumed"]
        st.caption(
            f"Fallback: {hops or 'none needed'}. Assumed: {assumed['handling_minutes']:g} min a lead, "
            f"{assumed['hours']}. Erlang C counts opening hours and knows no daily limits."
        )
        badges.show(badges.evidence("simulated"))


POOLS = {
    "pool": "Pool",
    "reps": "Reps",
    "per_week": st.column_config.NumberColumn("Leads a week", format="%.1f"),
    "sla_before": st.column_config.NumberColumn("In time now", format="percent"),
    "sla_after": st.column_config.NumberColumn("In time then", format="percent"),
    "utilisation": st.column_config.NumberColumn("Busy", format="percent"),
    "erlang_late": st.column_config.NumberColumn("Late by Erlang C", format="percent"),
    "one_more": st.column_config.NumberColumn("One rep more", format="percent", help="What it adds to leads in time."),
}


def _measured(label: str, before: Mapping[str, Any], after: Mapping[str, Any], form: str, better: Any) -> kpi.Kpi:
    if after["mean"] is None:
        return kpi.Kpi(label, "–", note="nothing to count")
    change = after["mean"] - before["mean"] if before["mean"] is not None else None
    told = None if not change else f"{'+' if change > 0 else '-'}{format(abs(change), form)}"
    low, high = (format(after[end], form) for end in ("low", "high"))
    return kpi.Kpi(label, format(after["mean"], form), told, f"{low} – {high}", better=better)


def value(told: Mapping[str, Any]) -> None:
    """Draw what the draft would be worth by the logged decisions, or why nobody can say."""
    note = (
        "Doubly robust, fitted across folds of accounts, with a bootstrap over accounts; a second and a third opinion."
    )
    with chart.card("Value", note):
        st.caption(f"Reward: `{told['reward']}` within {told['window_days']:g} days of a decision.")
        if told["state"] != "estimated":
            _cannot(told["reason"])
            return
        dr, change, support = told["dr"], told["difference"], told["support"]
        st.metric(
            "Reward a decision", f"{dr['value']:.2%}", f"{change['value']:+.2%}",
            delta_description=f"{dr['low']:.2%} – {dr['high']:.2%}",
        )  # fmt: skip
        st.caption(
            f"Against what was done {change['low']:+.2%} to {change['high']:+.2%} · shrunk (DR-os) "
            f"{told['dr_os']:.2%} · weights alone (SNIPS) {told['snips']:.2%} · worth {support['ess']:,.0f} of "
            f"{support['decisions']:,} decisions, largest weight {support['max_weight']:.1f}"
        )
        badges.show(badges.evidence("simulated"), ":gray[estimated from logged decisions]")


def _cannot(reason: str) -> None:
    st.markdown(f":gray-badge[:material/help: Cannot say] {reason}")


def evidence(answer: Answer, live: StoredVersion, after: Policy, key: str) -> None:
    """Draw the evidence's hash, whether it is kept, and the files that can be taken."""
    known = study.kept(live, after)
    mine = next((one for one in known if one.evidence.hash == answer.evidence.hash), None)
    with chart.card(
        "Evidence", "An approval can be bound to this hash: it covers both versions, data, seed and result."
    ):
        st.markdown(f"`{answer.evidence.hash[7:19]}` :gray[· {answer.found.question.mode}]")
        if mine is not None:
            st.caption(f"Kept by {mine.actor}, {mine.made_at:%d %b %Y, %H:%M} UTC.")
        with st.container(horizontal=True):
            if mine is None and st.button(
                "Keep as evidence",
                key=f"{key}_keep",
                icon=":material/bookmark_add:",
                **permitted.by(Permission.SIMULATE),
            ):
                with refusals():
                    release_commands.keep(answer.evidence)
                    done(f"Simulation {answer.evidence.hash[7:19]} is kept.")
                    st.rerun()
            st.download_button(
                "JSON", data=lambda: study.as_json(answer.found), file_name="simulation.json", mime="application/json",
                key=f"{key}_json", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        others = len(known) - (mine is not None)
        if others:
            st.caption(f"{others} other simulation{'s' if others > 1 else ''} of this draft are kept.")
