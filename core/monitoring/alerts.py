"""From what a report found to alerts: what is wrong, its likely cause, and what to do about it."""

from collections.abc import Sequence

from core.monitoring.report import Alert, DriftReport, FeatureDrift, SchemaChange, SourceDrift

MOST_UNSEEN = 0.05
LOUD = 0.05
"""From this share of the compared leads on, moved decisions make an alert a high one."""
SEVERITIES = ("high", "medium", "low")
PROPOSE = "Train a challenger on newer leads and compare it with the champion on Train; a second person releases it."


def alerts_of(report: DriftReport) -> tuple[Alert, ...]:
    """The alerts of a report, worst first; none where nothing moved."""
    silent = [one for one in report.sources if one.state in ("missing", "thin")]
    found = [
        *(_of_source(one) for one in report.sources if one.state != "delivers"),
        *(_of_schema(one) for one in report.schema_changes),
        *(_of_feature(one, silent, report.population) for one in report.features if one.verdict == "drift"),
        *_of_scores(report),
        *_of_labels(report),
    ]
    return tuple(sorted(found, key=lambda one: (SEVERITIES.index(one.severity), -one.decisions_moved, one.subject)))


def _of_source(one: SourceDrift) -> Alert:
    before, after = (_share(share) for share in (one.reached_reference, one.reached_current))
    if one.state == "new":
        return Alert(
            "low", "source_new", one.source, f"Source `{one.source}` is new: it reached {after} of the current leads.",
            "No event of it was there when the model learnt, so no feature was learnt from it.",
            "Confirm a contract for it on Data; features that read every source now count its events too.",
        )  # fmt: skip
    word = "delivers nothing" if one.state == "missing" else "delivers much less"
    return Alert(
        "high" if one.state == "missing" else "medium",
        f"source_{one.state}",
        one.source,
        f"Source `{one.source}` {word}: it reached {before} of the reference leads and {after} of the current ones.",
        "The feed broke, was renamed, or its events wait in quarantine.",
        "Look at the source and its quarantine on Data; re-drive or repair the feed before anything is retrained.",
        one.moves.leads,
    )


def _of_schema(one: SchemaChange) -> Alert:
    name = f"`{one.property}` of `{one.event_type}`" if one.property else f"Event type `{one.event_type}`"
    words = {"gone": "is no longer sent", "new": "is new", "retyped": "has another type"}
    return Alert(
        "low" if one.change == "new" else "medium",
        f"schema_{one.change}",
        one.event_type if one.property is None else f"{one.event_type}.{one.property}",
        f"{name} {words[one.change]}: {one.reference} before, {one.current} now.",
        "The sender changed its events.",
        "Register the new version with `leadbench schemas register` and an upcast, or have the sender put it right.",
    )


def _of_feature(one: FeatureDrift, silent: Sequence[SourceDrift], population: int) -> Alert:
    moved = one.decisions_moved
    severity = "low" if not moved else "high" if moved >= LOUD * population else "medium"
    message = (
        f"{one.label}: stability index {one.statistic:.3f} against a threshold of {one.threshold:.3f}; "
        f"{_decisions(moved)}, {one.moves.bands:,} across a band{_owners(one.moves.owners)}."
    )
    cause, action = _cause(one, silent)
    if not moved:
        action = "Nothing to do: no decision moves. It stays in the history."
    return Alert(severity, "feature_drift", one.name, message, cause, action, moved)


def _cause(one: FeatureDrift, silent: Sequence[SourceDrift]) -> tuple[str, str]:
    source = next((source for source in silent if one.name in source.features), None)
    if source is not None:
        word = "is silent" if source.state == "missing" else "delivers much less"
        action = "Repair the source first; retraining would teach the model that silence is normal."
        return f"It reads source `{source.source}`, which {word}.", action
    if one.because == "missing":
        share = f"{one.reference_missing:.0%} of its values were missing, now {one.current_missing:.0%} are."
        if one.current_missing < one.reference_missing:
            return share, PROPOSE
        return share, "Find out why it is not filled any more; hold its rules if it is required."
    if one.unseen > MOST_UNSEEN:
        return f"{one.unseen:.0%} of the current values are in levels never seen before.", PROPOSE
    return "Its values are spread otherwise than when the model learnt.", PROPOSE


def _of_scores(report: DriftReport) -> list[Alert]:
    if report.score is None or report.score.verdict != "drift":
        return []
    message = f"The scores moved: stability index {report.score.statistic:.3f}."
    cause = f"{len(report.drifted)} features drifted; together they move {report.moves.leads:,} decisions."
    return [Alert("high", "score_drift", "score", message, cause, PROPOSE, report.moves.leads)]


def _of_labels(report: DriftReport) -> list[Alert]:
    if report.label is None or report.label.verdict != "drift" or report.label_rate_change is None:
        return []
    message = f"The win rate moved by {100 * report.label_rate_change:+.1f} points where it is known."
    cause = "The market, the handling of leads, or what counts as won changed."
    action = "Look at calibration over time under Performance; recalibrate or " + PROPOSE[0].lower() + PROPOSE[1:]
    return [Alert("high", "label_drift", "outcome", message, cause, action)]


def _owners(changed: int | None) -> str:
    return f", {changed:,} to another owner" if changed else ""


def _decisions(moved: int) -> str:
    return "it moves one decision" if moved == 1 else f"it moves {moved:,} decisions"


def _share(share: float | None) -> str:
    return "none" if not share else f"{share:.1%}"
