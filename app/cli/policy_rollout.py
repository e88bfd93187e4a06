"""Commands on the last stretch of a policy's way: rollouts, emergencies, evidence, and what falls due."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table, user_name
from app.cli.outputs import require_places, written
from core.exports.review import review as review_of
from core.exports.review_page import Review, to_html
from core.governance import keeping, power
from core.governance.permissions import Permission
from core.governance.standing import Standing
from core.kernel.times import to_text

RefArgument = Annotated[str, typer.Argument(help="NAME@12 digits, a full hash, or NAME@vN once published.")]
NameArgument = Annotated[str, typer.Argument(help="Name of the policy.")]


def register(group: typer.Typer) -> None:
    """Add the commands of this module to the policy commands."""
    group.command(epilog='Example: leadbench policy rollout default advance --as ana --reason "Guards pass"')(rollout)
    group.command("break-glass", epilog="Example: leadbench policy break-glass default@1a2b3c4d5e6f --for 2h "
                  '--reason "Routing to a closed queue" --as ana')(break_glass)  # fmt: skip
    group.command(
        epilog='Example: leadbench policy comment default@v1 --comment "Reviewed after the rollback" --as rita'
    )(comment)
    group.command("request-changes", epilog="Example: leadbench policy request-changes default@1a2b3c4d5e6f --as rita "
                  '--comment "Say why"')(request_changes)  # fmt: skip
    group.command(epilog="Example: leadbench policy keep --as ana")(keep)
    group.command(epilog="Example: leadbench policy alarms --json")(alarms)
    group.command(epilog="Example: leadbench policy evidence default@1a2b3c4d5e6f --out evidence.json")(evidence)
    group.command(epilog="Example: leadbench policy review default@1a2b3c4d5e6f --out review.html")(review)
    group.command("power", epilog="Example: leadbench policy power --base 0.08 --change 0.15 --share 0.05")(show_power)


def rollout(
    name: NameArgument,
    step: Annotated[Literal["status", "advance", "abort"], typer.Argument(help="What to do.")] = "status",
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far a published version's rollout is and what the judge says; go on to the next step, or back."""
    with opened(store) as bench:
        releases = bench.rooms.releases
        if step == "advance":
            releases.rollouts.advance(name, bench.identity(user_name(as_user)), reason)
        elif step == "abort":
            releases.rollouts.require_open(name)
            releases.rollback(name, bench.identity(user_name(as_user)), reason)
        found = releases.rollouts.status(name)
    emit(found, lambda: _rollout_text(found))


def break_glass(
    ref: RefArgument,
    reason: Annotated[str, typer.Option("--reason", help="What is on fire; kept for ever.")] = "",
    lasts: Annotated[str, typer.Option("--for", help="How long it may decide without approvals, at most 4h.")] = "1h",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a submitted version decide at once without its approvals, until they come or it expires."""
    with acting(store, as_user) as (bench, actor):
        expires_at = bench.rooms.releases.emergencies.break_glass(ref, actor, reason, lasts)
        standing = bench.rooms.releases.standing(ref)
    told = {**step_json(standing), "expires_at": to_text(expires_at)}
    emit(told, lambda: f"{standing.version.ref} decides without approvals until {to_text(expires_at)}.")


def comment(
    ref: RefArgument,
    text: Annotated[str, typer.Option("--comment", help="What you saw.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say something about a version; a reviewer's word after a rollback or an emergency is its review."""
    with acting(store, as_user) as (bench, actor):
        releases = bench.rooms.releases
        is_reviewed = releases.reviews.comment(ref, actor, text)
        standing = releases.standing(ref)
    due = "" if is_reviewed else " Its review is still due: by a reviewer who did not bring it about."
    emit(step_json(standing), lambda: f"Your comment on {standing.version.ref} is in the record.{due}")


def request_changes(
    ref: RefArgument,
    text: Annotated[str, typer.Option("--comment", help="What has to change.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a version back to its authors."""
    with acting(store, as_user) as (bench, actor):
        standing = bench.rooms.releases.request_changes(ref, actor, text)
    emit(step_json(standing), lambda: f"{standing.version.ref} goes back to its authors.")


def keep(store: StoreOption = None, as_user: AsOption = None, as_json: JsonOption = False) -> None:
    """Do what is due: scheduled publishings, expiries, and what the judge says; a server does it by itself."""
    with acting(store, as_user, Permission.PUBLISH) as (bench, _):
        done = keeping.keep(bench.rooms.releases)
    emit({"done": done}, lambda: "\n".join(done) or "Nothing is due.")


def alarms(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Reviews and expiries that are due, open emergencies, scheduled publishings."""
    with opened(store) as bench:
        found = [{**vars(one), "at": to_text(one.at)} for one in keeping.alarms(bench.rooms.releases)]
    emit({"alarms": found}, lambda: table(found, ["kind", "name", "at", "text"]) if found else "Nothing is due.")


def evidence(
    ref: RefArgument,
    out: Annotated[Path | None, typer.Option("--out", help="File for the evidence pack (JSON).")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The bundle and the evidence that a version was handed in with, and their hashes."""
    require_places(out)
    with opened(store) as bench:
        found = bench.rooms.releases.submission(ref)
    told: dict[str, Any] = {
        "content_hash": found.content_hash,
        "bundle": vars(found.bundle) | {"hash": found.bundle_hash},
        "evidence": dict(found.evidence),
        "evidence_hash": found.evidence_hash,
        "intact": found.is_intact,
        "submitted_at": to_text(found.submitted_at),
        "actor": found.actor,
    }
    written(out, (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode())
    emit(told, lambda: f"bundle {found.bundle_hash}\nevidence {found.evidence_hash}")


def review(
    ref: RefArgument,
    out: Annotated[Path | None, typer.Option("--out", help="HTML file that prints on A4.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The reviewer's one page about a version: what changes, what is proved, who changes, harm, plan, approvals."""
    require_places(out)
    with opened(store) as bench:
        verified = bench.db.verify()
        page = review_of(bench.rooms.releases, ref, verified.head, verified.entries)
    written(out, to_html(page) if out else b"")
    blocks = [asdict(block) for block in page.blocks]
    emit({"title": page.title, "blocks": blocks, "out": str(out) if out else None}, lambda: _review_text(page))


def show_power(
    base: Annotated[float, typer.Option("--base", help="The rate now, 0 to 1.")],
    change: Annotated[float, typer.Option("--change", help="The relative worsening to see, 0.15 is 15 %.")],
    share: Annotated[float, typer.Option("--share", help="The candidate's share of leads, 0 to 1.")] = 0.05,
    alpha: Annotated[float, typer.Option("--alpha", help="How often a false alarm is borne.")] = 0.05,
    chance: Annotated[float, typer.Option("--power", help="How often a true change is to be seen.")] = 0.8,
    a_day: Annotated[float, typer.Option("--leads-a-day", help="Leads that are decided in a day.")] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """How many leads a canary needs before a worsening of a rate could be seen."""
    found = power.needed(base, change, share, alpha=alpha, power=chance)
    if found is None:
        raise typer.BadParameter("rates, shares, --alpha and --power lie between 0 and 1, and the change is not 0")
    days = found.days(a_day, share)
    told = {"candidate": found.candidate, "total": found.total, "days": None if days is None else round(days, 1)}
    taken = "" if days is None else f", {days:,.1f} days at {a_day:,.0f} leads a day"
    emit(told, lambda: f"{found.candidate:,} leads in the canary, {found.total:,} in both arms{taken}.")


def step_json(standing: Standing) -> dict[str, object]:
    """What a step of a version's life prints."""
    return standing.to_json() | {"version": standing.version.version}


def _review_text(page: Review) -> str:
    told = [page.title]
    for block in page.blocks:
        told += ["", f"{block.number}. {block.title} ({block.badge})", *block.lines]
        told += [" | ".join(row) for one in block.tables for row in one.rows]
    return "\n".join(told)


def _ratio_text(ratio: dict[str, Any] | None) -> list[str]:
    if ratio is None:
        return []
    sizes = f"{ratio['units_candidate']:,} units in the canary, {ratio['units_before']:,} in the others"
    return [f"sizes: {ratio['verdict']} ({sizes}, expected {ratio['expected']:.0%})"]


def _rollout_text(found: dict[str, Any]) -> str:
    steps = [
        f"{'>' if place == found['step'] else ' '} {one['pct']:>3g} %{' shadow' if one['mode'] else ''}"
        for place, one in enumerate(found["steps"])
    ]
    judged = found["judge"]
    told = [f"{found['name']}: {found['strategy']}, {found['state'].replace('_', ' ')}", *steps]
    if judged:
        told += [f"judge: {judged['verdict']} ({judged['reason']})", *_ratio_text(judged["ratio"])]
        told += [table(judged["guards"], ["metric", "verdict", "before", "candidate", "low", "high", "reason"])]
    return "\n".join([*told, *([f"waits: {found['waits']}"] if found["waits"] else [])])
