"""Policy versions with their people, the checks of a text, and what changed from one version to another."""

import difflib
import json
from dataclasses import dataclass
from typing import Literal

import polars as pl
import streamlit as st

from app import session
from app.queries.access import may, revision, rooms
from core.governance import history
from core.governance.history import InboxItem
from core.governance.permissions import Permission
from core.governance.reviews import Review
from core.governance.standing import Standing
from core.policy import checker, diff, editing
from core.policy.checker import CheckReport
from core.policy.editing import Outline
from core.policy.states import State
from core.policy.store import Action, StoredVersion

FILE = "draft"
Verdict = Literal["passed", "warning", "failed"]


@dataclass(frozen=True)
class Check:
    """One line of the list of checks."""

    verdict: Verdict
    title: str
    detail: str = ""


def versions() -> list[StoredVersion]:
    """Every stored version, newest first."""
    return _versions(revision("policy"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _versions(revision: str) -> list[StoredVersion]:
    return rooms().policies.history()


def version(ref: str) -> StoredVersion:
    """The version of a reference; raises PolicyUnknown."""
    return rooms().policies.get(ref)


def taken_back(name: str) -> StoredVersion | None:
    """The version of the name that was taken back last and is not in force again, None where there is none."""
    gone = [one for one in versions() if one.name == name and one.state in (State.ROLLED_BACK, State.EXPIRED)]
    return max(gone, key=lambda one: one.entered_at, default=None)


def live() -> StoredVersion | None:
    """The version that decides, None where nothing is published."""
    return next((one for one in versions() if one.content_hash == _live_hash(revision("policy"))), None)


@st.cache_data(max_entries=4, show_spinner=False)
def _live_hash(revision: str) -> str | None:
    found = history.active(rooms().releases)
    return found.content_hash if found else None


def label(version: StoredVersion) -> str:
    """`default v3 · published`, or the reference where it was never published."""
    return f"{title(version)} · {version.state.value.replace('_', ' ')}"


def title(version: StoredVersion) -> str:
    """`default v3`, or the reference where it was never published."""
    return f"{version.name} v{version.version}" if version.version else version.ref


def standing(ref: str) -> Standing:
    """A version with its authors and approvers."""
    return _standing(revision("policy"), ref)


@st.cache_resource(max_entries=32, show_spinner=False)
def _standing(revision: str, ref: str) -> Standing:
    return rooms().releases.standing(ref)


def actions(content_hash: str) -> list[Action]:
    """What was done to a version, in order."""
    return rooms().policies.actions(content_hash)


def inbox() -> list[InboxItem]:
    """What waits between draft and publishing, longest waiting first."""
    return _inbox(revision("policy"), session.identity() or "", may(Permission.APPROVE))


@st.cache_resource(max_entries=8, show_spinner=False)
def _inbox(revision: str, viewer: str, may_review: bool) -> list[InboxItem]:
    return history.inbox(rooms().releases, viewer, may_review=may_review)


def reviews() -> list[Review]:
    """The reviews that are due, open emergencies first."""
    return _reviews(revision("policy"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _reviews(revision: str) -> list[Review]:
    return rooms().releases.reviews.due()


def waiting_models() -> list[tuple[str, str, str]]:
    """(version, hash, who trained it) of the newest model, where no second person approved it."""
    champion = rooms().models.champion()
    if champion is None or rooms().model_releases.is_approved(champion.model_hash):
        return []
    return [(champion.version, champion.model_hash, champion.actor)]


def draft_of(content_hash: str) -> str | None:
    """The draft of who is looking that holds this content, None where it is nobody's or another person's."""
    return rooms().releases.drafts.holding(content_hash, session.identity() or "")


@st.cache_resource(max_entries=64, show_spinner=False)
def checked(text: str) -> CheckReport:
    """The check of a text: its form, names, domains, order and its own tests."""
    return checker.check(text, FILE)


@st.cache_resource(max_entries=64, show_spinner=False)
def outline(text: str) -> Outline | None:
    """What a form can show of a text, None where it cannot be read."""
    return editing.outline(text)


def findings(text: str) -> pl.DataFrame:
    """The findings of a check: line, column, code, message, hint."""
    kinds = {"line": pl.Int64, "column": pl.Int64, "code": pl.String, "message": pl.String, "hint": pl.String}
    rows = [[getattr(one, name) for name in kinds] for one in checked(text).diagnostics]
    return pl.DataFrame(rows, schema=kinds, orient="row")


def report_json(text: str) -> bytes:
    """The report of `leadbench policy check --json`."""
    return json.dumps(checker.report(text, FILE), indent=2).encode()


def checks(text: str, base: StoredVersion | None) -> list[Check]:
    """The list of checks, in words; measured on the text alone."""
    report = checked(text)
    if report.policy is None:
        first = report.diagnostics[0]
        more = f" And {len(report.diagnostics) - 1} more." if len(report.diagnostics) > 1 else ""
        return [Check("failed", "Form, names and rules", f"line {first.line}: {first.message}{more}")]
    found = [Check("passed", "Form, names, domains and rule order"), _tests(report)]
    found += [Check("warning", f"Line {one.line}: stated and not done", one.detail) for one in report.warnings]
    if base is not None:
        found.append(_changes(report, base))
    return found


def _tests(report: CheckReport) -> Check:
    passed = sum(result.passed for result in report.tests)
    failed = [result.message for result in report.tests if not result.passed]
    if not report.tests:
        return Check("warning", "No test of its own", "A test says what must become of a lead.")
    verdict: Verdict = "failed" if failed else "passed"
    return Check(verdict, f"{passed} of {len(report.tests)} own tests pass", " ".join(failed[:2]))


def _changes(report: CheckReport, base: StoredVersion) -> Check:
    assert report.policy is not None
    if report.policy.content_hash == base.content_hash:
        return Check("warning", "Nothing differs from the live version")
    if diff.is_no_op(base.policy, report.policy):
        return Check("warning", "Decides as the live version does", "Only names, people or descriptions differ.")
    return Check("passed", f"{len(changes(base.source, report.policy.text))} changes of meaning or words")


@st.cache_data(max_entries=64, show_spinner=False)
def changes(before: str, after: str) -> list[dict[str, object]]:
    """What changed, block by block: kind, block, path, before, after, text; empty where either is no policy."""
    left, right = checked(before).policy, checked(after).policy
    return diff.to_json(diff.diff(left, right)) if left and right else []


@st.cache_data(max_entries=64, show_spinner=False)
def unified(before: str, after: str) -> str:
    """The lines that differ, with one line around each change."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def history_rows(name: str | None) -> pl.DataFrame:
    """Every version, newest first: version, ref, state, since, parent, authors, approvers, reason of the last step."""
    return _history_rows(revision("policy"), name)


@st.cache_data(max_entries=8, show_spinner=False)
def _history_rows(revision: str, name: str | None) -> pl.DataFrame:
    rows = [_history_row(one) for one in rooms().policies.history(name)]
    kinds = dict.fromkeys(("version", "ref", "state", "parent", "authors", "approvers", "said"), pl.String)
    return pl.DataFrame(rows, schema={**kinds, "since": pl.Datetime("us"), "content_hash": pl.String})


def _history_row(version: StoredVersion) -> dict[str, object]:
    people, done = standing(version.content_hash), actions(version.content_hash)
    parents = {one.content_hash: title(one) for one in versions()}
    return {
        "version": f"v{version.version}" if version.version else "–",
        "ref": version.ref,
        "state": version.state.value,
        "parent": parents.get(version.parent or "", "–"),
        "authors": ", ".join(sorted(people.authors)) or "shipped",
        "approvers": ", ".join(people.approvers) or "–",
        "said": next((one.comment for one in reversed(done) if one.comment), ""),
        "since": version.entered_at.replace(tzinfo=None),
        "content_hash": version.content_hash,
    }


def rollback_targets(live: StoredVersion) -> list[StoredVersion]:
    """The versions of the live one's name that decided everybody once, its parent first."""
    retired, rollouts = (State.SUPERSEDED, State.ROLLED_BACK), rooms().releases.rollouts
    known = [one for one in versions() if one.name == live.name and one.state in retired]
    found = [one for one in known if not rollouts.is_unfinished(one.content_hash)]
    return sorted(found, key=lambda one: one.content_hash != live.parent)
