"""The reviewer's one page: ten blocks from what was handed in with a version."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.exports.review_page import Block, Review, Table
from core.governance.aggregates import least_cell
from core.governance.bundles import Submission
from core.governance.keeping import alarms
from core.governance.observing import counting
from core.governance.releases import Releases
from core.governance.standing import Standing
from core.governance.store_release import RolloutStore
from core.kernel.canonical import short
from core.kernel.times import to_text
from core.policy.checker import WARNINGS
from core.policy.document import Policy
from core.policy.overlays import RAW_EVENTS
from core.policy.store import StoredVersion

MOST = 20
NOT_SIMULATED = "Not simulated: no lead had been decided, or no version decides yet."


def review(releases: Releases, ref: str, head: str, entries: int) -> Review:
    """The page about a version that was handed in; head and entries are the ledger's. Raises EvidenceVoid."""
    standing, submission = releases.standing(ref), releases.submission(ref)
    version = standing.version
    parent = _parent(releases, submission)
    policy, pack = version.policy, submission.evidence
    blocks = (
        _identity(standing, parent, submission),
        Block(2, "What changes, in words", "recorded", tuple(pack["changes"][:40]) or ("Nothing differs.",)),
        _proved(pack),
        _who(pack),
        _harm(pack, least_cell([policy.document, *releases.policies.in_force()])),
        _value(pack),
        _plan(policy, releases.rollouts.store),
        _privacy(policy, parent.policy if parent else None),
        _approvals(releases, standing),
        _verify(submission, head, entries),
    )
    return Review(f"Review of {version.ref}", blocks, releases.clock.now())


def _parent(releases: Releases, submission: Submission) -> StoredVersion | None:
    found = submission.evidence["parent"]
    return releases.policies.get(found) if found else None


def _identity(standing: Standing, parent: StoredVersion | None, submission: Submission) -> Block:
    version, metadata = standing.version, standing.version.policy.document.metadata
    window = metadata.effective
    rows = [
        ("Policy", f"{version.name}, {_named(parent)} → {_named(version)}"),
        ("Content", version.content_hash),
        ("Bundle", submission.bundle_hash),
        ("Evidence", submission.evidence_hash),
        ("Made by", ", ".join(sorted(standing.authors))),
        ("Ticket, risk", f"{metadata.change_ticket or 'none'}, {version.risk_class}"),
        ("Decides", f"{window.since or 'at once'} to {window.until or 'further notice'}" if window else "at once"),
    ]
    return Block(
        1, "Identity", "recorded", (metadata.rationale or "No rationale was written.",), (Table(("", ""), rows),)
    )


def _named(version: StoredVersion | None) -> str:
    if version is None:
        return "nothing"
    return f"v{version.version}" if version.version else short(version.content_hash)


def _proved(pack: Mapping[str, Any]) -> Block:
    checks = [one for one in pack["checks"] if one["name"] not in WARNINGS]
    failed = [one for one in checks if one["verdict"] != "pass"]
    counts = {kind: [one for one in checks if one["kind"] == kind] for kind in ("structure", "proof", "claim", "test")}
    rows = [
        (kind, f"{sum(one['verdict'] == 'pass' for one in found)} of {len(found)} pass")
        for kind, found in counts.items()
        if found
    ]
    lines = [f"{one['name']}: {one['verdict']}. {one['detail']}" for one in failed]
    return Block(
        3,
        "Proved",
        "proved",
        (*lines, *_blast(pack["proved_change"])),
        (Table(("", ""), rows), *_nearest(pack)),
        not failed,
    )


def _blast(change: Mapping[str, Any] | None) -> Iterator[str]:
    """The sentence about how far the change reaches."""
    if change is None:
        yield "No version decides yet, so there is nothing to compare with."
        return
    words = {"equal": "proved the same", "differs": "differ for some lead", "unknown": "could not be decided"}
    for verdict, told in words.items():
        names = [name for name, one in change["outputs"].items() if one["verdict"] == verdict]
        if names:
            yield f"{', '.join(names)}: {told}."
    newly = change["newly_eligible"]["verdict"]
    yield {"none": "No lead becomes newly eligible.", "some": "Some leads become newly eligible."}.get(
        newly, "Whether any lead becomes newly eligible could not be decided."
    )


def _nearest(pack: Mapping[str, Any]) -> Iterator[Table]:
    change = pack["proved_change"] or {"outputs": {}}
    rows = [
        (name, _told(one["before"], name), _told(one["after"], name))
        for name, one in change["outputs"].items()
        if one["verdict"] == "differs"
    ]
    if rows:
        yield Table(("The plainest lead that differs", "before", "after"), rows)


def _told(outcome: Mapping[str, Any] | None, name: str) -> str:
    found = (outcome or {}).get(name)
    return "nothing" if found is None else str(found)


def _result(pack: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return pack["simulation"]["result"] if pack["simulation"] else None


def _who(pack: Mapping[str, Any]) -> Block:
    found = _result(pack)
    if found is None:
        return Block(4, "Who changes", "simulated", (NOT_SIMULATED,))
    numbers = found.get("numbers", {}).get(pack["simulation"]["mode"]) or found
    leads, changed = numbers["leads"], numbers["changed"]
    share = f" ({changed / leads:.1%})" if leads else ""
    lines = [f"{changed:,} of {leads:,} leads{share} would be decided otherwise, {pack['simulation']['mode']}."]
    for key, word in (("newly_eligible", "Newly eligible"), ("newly_denied", "Newly denied")):
        ids = _ids(found.get(key))
        lines.append(f"{word}: {', '.join(ids[:MOST]) or 'nobody'}{' …' if len(ids) > MOST else ''}.")
    moved = [one for one in found.get("moves", []) if one["before"] != one["after"]]
    rows = [(one["output"], one["before"], one["after"], f"{one['leads']:,}") for one in moved[:12]]
    return Block(4, "Who changes", "simulated", tuple(lines), (Table(("output", "before", "after", "leads"), rows),))


def _ids(listed: Any) -> list[str]:
    """The ids of a list, which may come with its count."""
    ids = listed.get("leads", listed.get("ids", [])) if isinstance(listed, Mapping) else listed or []
    return [str(one.get("lead_id", one)) if isinstance(one, Mapping) else str(one) for one in ids]


def _harm(pack: Mapping[str, Any], least: int) -> Block:
    rows = (_result(pack) or {}).get("harm")
    if not rows:
        told = "Not worked out in this simulation; run `leadbench policy simulate` and hand the version in again."
        return Block(5, "Harm check", "simulated", (told,))
    table = [
        (
            f"{one['dimension']}: {one['group']}",
            *_cells(one, least),
        )
        for one in rows
    ]
    worse = [one for one in rows if one["verdict"] == "worse"]
    line = f"{len(worse)} of {len(rows)} groups have more leads held or denied, for certain."
    return Block(
        5, "Harm check", "simulated", (line,), (Table(("group", "leads", "before", "after", ""), table),), not worse
    )


def _cells(one: Mapping[str, Any], least: int) -> tuple[str, str, str, str]:
    if one["leads"] < least:
        return f"fewer than {least}", "", "", ""
    return f"{one['leads']:,}", _share(one["before"]), _share(one["after"]), one["verdict"].replace("_", " ")


def _share(side: Mapping[str, Any] | None) -> str:
    return f"{side['share']:.1%} ({side['low']:.1%}-{side['high']:.1%})" if side else "too few"


def _value(pack: Mapping[str, Any]) -> Block:
    found = (_result(pack) or {}).get("value")
    if not found:
        return Block(6, "Value", "simulated", ("Not identifiable: the log holds no exploration to estimate from.",))
    if found.get("state") == "cannot_say":
        return Block(6, "Value", "simulated", (f"Cannot say: {found.get('reason')}",))
    lines = [
        f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in found.items() if not isinstance(value, list)
    ]
    return Block(6, "Value", "simulated", tuple(lines[:12]))


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return str(value)


def _plan(policy: Policy, rollouts: RolloutStore) -> Block:
    plan = policy.document.rollout
    if plan is None:
        return Block(7, "Rollout plan", "recorded", ("No rollout: it decides for everybody from its publishing on.",))
    steps = " → ".join(f"{one.pct:g} %{' shadow' if one.mode else ''}" for one in plan.steps) or "as the strategy goes"
    back = plan.auto_rollback
    guards = plan.judge.guards if plan.judge else ()
    rows = [
        (
            one.metric,
            one.direction,
            "critical" if one.critical else "",
            counting(one.metric),
        )
        for one in guards
    ]
    lines = (
        f"{plan.strategy} by {plan.unit}: {steps}.",
        f"Goes back by itself on {', '.join(back.on)}." if back else "Never goes back by itself.",
        _rehearsed(rollouts),
    )
    return Block(7, "Rollout plan", "recorded", lines, (Table(("guard", "direction", "", "here"), rows),))


def _rehearsed(rollouts: RolloutStore) -> str:
    ended = rollouts.all()
    back = [row["started_at"] for row in ended.iter_rows(named=True) if row["kind"] == "aborted"]
    return f"A rollout last went back: the one of {back[0]:%d %b %Y}." if back else "No rollback was rehearsed yet."


def _privacy(policy: Policy, before: Policy | None) -> Block:
    fields = list(policy.input_fields)
    fresh = [name for name in fields if before is not None and name not in before.input_fields]
    labels = policy.document.metadata.labels
    kept = policy.document.privacy.retention_days if policy.document.privacy else {}
    days = [f"{name} {days}{' (counted, never deleted)' if name == RAW_EVENTS else ''}" for name, days in kept.items()]
    lines = (
        f"Reads {len(fields)} fields: {', '.join(fields)}.",
        f"Newly read: {', '.join(fresh)}." if fresh else "No field is newly read.",
        f"Lawful basis: {labels.get('lawful_basis', 'not stated')}; assessment: {labels.get('dpia', 'not stated')}.",
        f"Retention in days: {', '.join(days) or 'not stated'}.",
    )
    return Block(8, "Privacy", "recorded", lines)


def _approvals(releases: Releases, standing: Standing) -> Block:
    version = standing.version
    actions = releases.policies.actions(version.content_hash)
    rows = [(to_text(one.at)[:16], one.kind.replace("_", " "), one.actor, one.comment or "") for one in actions[-14:]]
    own = [name for name in standing.approvers if name in standing.authors]
    due = [one.text for one in alarms(releases) if one.name == version.name]
    lines = (
        f"{len(standing.approvers)} of {standing.needed} approvals: {', '.join(standing.approvers) or 'nobody yet'}.",
        f"An author approved: {', '.join(own)}." if own else "No author approved: duties are kept apart.",
        *due,
    )
    return Block(9, "Approvals", "recorded", lines, (Table(("when", "what", "who", "said"), rows),), not own)


def _verify(submission: Submission, head: str, entries: int) -> Block:
    simulation = submission.evidence["simulation"]
    intact = "are" if submission.is_intact else "ARE NOT"
    revisions = [(name, value) for name, value in submission.evidence["revisions"].items()]
    lines = (
        f"Ledger: {entries:,} entries, head {head}.",
        f"Simulation: {simulation['hash']}." if simulation else "No simulation is part of it.",
        f"Seed {submission.evidence['seed']}. Bundle and evidence {intact} as handed in.",
        "Verify: leadbench audit verify; leadbench audit duties; leadbench policy evidence REF.",
    )
    return Block(10, "Verify", "recorded", lines, (Table(("data read", "revision"), revisions),), submission.is_intact)
