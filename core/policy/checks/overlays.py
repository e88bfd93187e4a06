"""Checks of the blocks around the decision: experiment, privacy, claims and rollout."""

from collections.abc import Iterator

from core.kernel.expressions import Diagnostic
from core.kernel.strict_yaml import Path
from core.policy.checks.inputs import places
from core.policy.checks.names import distinct, resolve
from core.policy.document import Document
from core.policy.overlays import MASKED_ROLES, RAW_EVENTS, RETAINED, Claim, Exploration, Rollout
from core.policy.shape import Located
from core.policy.stages import OUTPUTS

NEEDED = {
    "never": ("claim",),
    "always": ("claim",),
    "monotone": ("input", "output", "direction"),
    "independent": ("of", "output"),
}
WRITTEN = {"input": "in"}
SHARE_PLACES = 4
TOLERANCE = 1e-12
UNITS = ("lead_id", "account_id")
SOONEST_BACK_S = 5
GOES_BACK_ON = ("any_critical", "two_noncritical", "judge_nodata_2h")


def check_experiment(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `experiment`."""
    block = document.experiment
    catalogue = document.actions.catalogue if document.actions else ()
    if block and block.holdout:
        path = ("experiment", "holdout", "treat_as")
        treat = block.holdout.treat_as
        yield from resolve(located, (*path, "pool"), "pool", treat.pool, document.pools)
        yield from resolve(located, (*path, "action"), "action", treat.action, catalogue)
    if block and block.exploration:
        for name in block.exploration.over.actions:
            path = ("experiment", "exploration", "over", "actions")
            yield from resolve(located, path, "action", name, catalogue)
        yield from _check_propensity(block.exploration, located)
    yield from _check_shares(document, located)


def _check_propensity(block: Exploration, located: Located) -> Iterator[Diagnostic]:
    path, actions = ("experiment", "exploration"), block.over.actions
    yield from distinct(located, (*path, "over", "actions"), "the actions to explore", actions)
    if block.epsilon and block.epsilon / len(actions) < block.min_propensity - TOLERANCE:
        yield located.diagnostic(
            "low_propensity",
            (*path, "min_propensity"),
            f"Each of {len(actions)} actions is explored with {block.epsilon / len(actions):.4f}, "
            f"less than `{block.min_propensity}`.",
            "Explore fewer actions, or more often; weights of 1/min_propensity are the bound of every estimate.",
        )


def _check_shares(document: Document, located: Located) -> Iterator[Diagnostic]:
    """A share is a number of the 10000 buckets that units fall into."""
    block = document.experiment
    shares = []
    if block and block.holdout:
        shares.append((("experiment", "holdout", "fraction"), block.holdout.fraction))
    if block and block.exploration:
        shares.append((("experiment", "exploration", "epsilon"), block.exploration.epsilon))
    for path, share in shares:
        if places(share) > SHARE_PLACES:
            hint = f"Units fall into 10000 buckets: write at most {SHARE_PLACES} places."
            yield located.diagnostic("over_precise", path, f"The share `{share}` is too precise.", hint)


def check_privacy(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `privacy`: a queue that there is, roles and kinds of rows that there are, at least a day each."""
    review = document.privacy.human_review if document.privacy else None
    for role in document.privacy.mask if document.privacy else ():
        yield from resolve(located, ("privacy", "mask", role), "role", role, MASKED_ROLES)
    for kind, days in (document.privacy.retention_days if document.privacy else {}).items():
        path = ("privacy", "retention_days", kind)
        yield from resolve(located, path, "retention", kind, RETAINED)
        if days < 1:
            yield located.diagnostic("wrong_limits", path, f"`{kind}` is kept `{days}` days.", "Keep it a day or more.")
    if review:
        yield from resolve(located, ("privacy", "human_review", "route"), "pool", review.route, document.pools)


def warn_of_raw_events(document: Document, located: Located) -> Iterator[Diagnostic]:
    """That raw events are said to be kept so long and are deleted by nobody."""
    kept = document.privacy.retention_days if document.privacy else {}
    if RAW_EVENTS in kept:
        yield located.diagnostic(
            "raw_events_kept",
            ("privacy", "retention_days", RAW_EVENTS),
            f"Raw events older than {kept[RAW_EVENTS]} days are counted, and deleted by nobody: models and features "
            "read them.",
            "`policy retain` says how many there are.",
        )


def check_rollout(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `rollout`: shares that only grow, levels that a judge can keep, known causes to go back."""
    block = document.rollout
    if block is None:
        return
    shares = [step.pct for step in block.steps]
    if shares != sorted(shares):
        message = f"The steps let in {', '.join(f'`{share:g}`' for share in shares)} percent: fewer than before."
        hint = "Each step lets in at least as many as the one before it."
        yield located.diagnostic("rollout_order", ("rollout", "steps"), message, hint)
    yield from _check_levels(block, located)
    for name in block.auto_rollback.on if block.auto_rollback else ():
        yield from resolve(located, ("rollout", "auto_rollback", "on"), "cause", name, GOES_BACK_ON)


def _check_levels(block: Rollout, located: Located) -> Iterator[Diagnostic]:
    judge, path = block.judge, ("rollout", "judge")
    if judge is None:
        return
    levels: list[tuple[Path, float]] = [((*path, "alpha"), judge.alpha)]
    if judge.sample_ratio_mismatch:
        levels.append(((*path, "sample_ratio_mismatch", "alpha"), judge.sample_ratio_mismatch.alpha))
    for place, alpha in levels:
        if not 0 < alpha < 1:
            message = f"No judge can keep to an alpha of `{alpha}`."
            yield located.diagnostic("wrong_alpha", place, message, "Write a number between 0 and 1, such as 0.05.")


def check_units(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Units that leadbench does not draw by: they would be leads, which the author did not write."""
    for path, block in ((("experiment", "unit"), document.experiment), (("rollout", "unit"), document.rollout)):
        yield from resolve(located, path, "unit", block.unit if block else None, UNITS)


def check_way_back(document: Document, located: Located) -> Iterator[Diagnostic]:
    """A way back sooner than a server looks."""
    back = document.rollout.auto_rollback if document.rollout else None
    if back and back.max_seconds < SOONEST_BACK_S:
        message = f"No server goes back by itself within `{back.max_seconds}` seconds."
        hint = f"Write {SOONEST_BACK_S} or more: it looks twice within that time."
        yield located.diagnostic("wrong_seconds", ("rollout", "auto_rollback", "max_seconds"), message, hint)


def check_claims(document: Document, located: Located) -> Iterator[Diagnostic]:
    """Findings in `properties`: each claim has the keys of its kind, and its names resolve."""
    for place, claim in enumerate(document.properties):
        path = ("properties", place)
        for key in NEEDED[claim.kind]:
            if not getattr(claim, key):
                word = WRITTEN.get(key, key)
                message = f"Claim `{claim.id}` of kind `{claim.kind}` lacks `{word}`."
                yield located.diagnostic("incomplete_claim", path, message, f"Add `{word}`.")
        yield from _check_names(document, located, claim, path)


def _check_names(document: Document, located: Located, claim: Claim, path: Path) -> Iterator[Diagnostic]:
    yield from resolve(located, (*path, "in"), "field", claim.input, document.inputs.fields)
    yield from resolve(located, (*path, "output"), "output", claim.output, OUTPUTS)
    for name in claim.of:
        yield from resolve(located, (*path, "of"), "field", name, document.inputs.fields)
