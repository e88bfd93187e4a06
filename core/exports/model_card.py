"""The model card (README.md with Hugging Face's front matter): what the model is for, figures and limits."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from core.models.model import Model
from core.models.store import ModelVersion

METRICS = {
    "auc": "ROC AUC",
    "pr_auc": "Average precision",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "ece": "Expected calibration error",
    "lift_at_10": "Lift in the top tenth",
    "capture_at_20": "Wins found in the top fifth",
}


def card(version: ModelVersion, model: Model) -> str:
    """The whole card as Markdown."""
    parts = [
        _front(version),
        f"# {version.name or 'leadbench model'}, version {version.version}",
        _details(version, model),
    ]
    parts += [_uses(model), _limits(version, model), _training(version, model)]
    if told := version.metrics.get("segments"):
        parts.append(_segments(told))
    parts.append(_evaluation(version))
    return "\n\n".join(parts) + "\n"


def _front(version: ModelVersion) -> str:
    told = [
        {"type": name, "name": METRICS[name], "value": figure["value"]}
        for name, figure in _figures(version).items()
        if figure["value"] is not None
    ]
    result = {
        "task": {"type": "tabular-classification", "name": "Lead scoring"},
        "dataset": {
            "name": version.name or "store",
            "type": "leadbench",
            "revision": version.lineage.get("signals_revision"),
        },
        "metrics": told,
    }
    front = {
        "license": "other",
        "license_name": "of-the-store",
        "library_name": "lightgbm",
        "pipeline_tag": "tabular-classification",
        "tags": ["leadbench", "lead-scoring", "lightgbm", "tabular-classification"],
        "model-index": [{"name": f"{version.name or 'leadbench'}-v{version.version}", "results": [result]}],
    }
    return "---\n" + yaml.safe_dump(front, sort_keys=False, allow_unicode=True) + "---"


def _figures(version: ModelVersion) -> dict[str, Mapping[str, Any]]:
    found = version.metrics.get("intervals") or {}
    plain = {name: {"value": version.metrics.get(name), "low": None, "high": None} for name in METRICS}
    return {name: found.get(name) or plain[name] for name in METRICS}


def _details(version: ModelVersion, model: Model) -> str:
    return "\n".join(
        [
            "## Model details",
            "",
            f"- Gradient boosted trees (LightGBM), {model.trees} trees, {len(model.features)} features; "
            f"calibrated by `{model.calibration.method}`.",
            f"- Model hash `{version.model_hash}`, feature set `{version.feature_set_hash}`.",
            f"- Trained {version.registered_at:%Y-%m-%d %H:%M} UTC by {version.actor}.",
        ]
    )


def _uses(model: Model) -> str:
    label = model.facts.get("label") or {}
    window = f"within {label['horizon']}" if label.get("horizon") else "whenever it closes"
    return "\n".join(
        [
            "## Uses",
            "",
            f"The probability that a lead ends as `{label.get('positive', 'won')}` {window}, as known then, "
            "to order the work of a sales team. Not for decisions on a person's rights, credit, work or prices.",
        ]
    )


def _limits(version: ModelVersion, model: Model) -> str:
    told = version.metrics
    lines = [f"- {caution.replace('_', ' ')}: warned of when it was trained." for caution in told.get("cautions") or []]
    base, now = told.get("base_rate_train"), told.get("base_rate_test")
    if base is not None and now is not None:
        lines.append(f"- Positive rate {base:.1%} in training, {now:.1%} on the unseen rows.")
    if told.get("ece") is not None:
        lines.append(f"- Said and happened differ by {100 * told['ece']:.1f} points on average on the unseen rows.")
    if matured := told.get("matured"):
        lines.append(
            f"- On the {matured['rows']:,} unseen rows whose window is over: AUC {matured['auc']:.3f}, positive rate "
            f"{matured['base_rate']:.1%}, calibration gap {100 * matured['ece']:.1f} points; "
            "the others were decided early."
        )
    weak = [one for one in told.get("by_landmark") or [] if one.get("auc") is not None]
    if weak:
        worst = min(weak, key=lambda one: one["auc"])
        lines.append(f"- It ranks worst at {worst['after']} (AUC {worst['auc']:.3f} on {worst['rows']:,} rows).")
    for one in told.get("by_segment") or []:
        area = "one class only" if one["auc"] is None else f"AUC {one['auc']:.3f}"
        lines.append(f"- {told.get('segment')} = {one['segment']}: {area} on {one['rows']:,} rows.")
    if told.get("split") != "time":
        lines.append("- The split was not by time: no forward estimate is possible.")
    left_out = version.lineage.get("left_out") or []
    if left_out:
        lines.append(f"- Left out as suspected leaks: {', '.join(left_out)}.")
    lines.append(_worked(model.facts.get("weighting")))
    return "\n".join(["## Bias, risks and limits", "", *lines])


def _worked(weighting: Mapping[str, Any] | None) -> str:
    """What training made of leads that nobody worked."""
    if weighting is None:
        return "- Trained on leads as they were worked: an unworked lead that was not won may have been winnable."
    return (
        f"- Trained on {weighting['kept']:,} worked leads, each weighted by the inverse of how likely the decision log "
        f"says that it was to give them work (at least {weighting['clip']:.0%}, weights divided by their mean, at most "
        f"{weighting['most']:.1f}); they count as {weighting['effective']:,.0f}. Left out: {weighting['unworked']:,} "
        f"unworked, {weighting['unsaid']:,} of which nobody says, {weighting['unlogged']:,} without a logged chance, "
        f"{weighting['against']:,} worked though given no work. {weighting['never']:,} leads could not have been given "
        f"work: for leads like them it says nothing. Assumed: {weighting['assumption']}"
    )


def _training(version: ModelVersion, model: Model) -> str:
    rows, settings = model.facts.get("rows") or {}, model.facts.get("train") or {}
    counted = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    chosen = ", ".join(f"{name} {value}" for name, value in settings.items())
    return "\n".join(
        [
            "## Training",
            "",
            f"- Rows: {counted}. Split: {_said(model.facts.get('split'))}; "
            f"landmarks: {_said(model.facts.get('landmarks'))}.",
            f"- Settings: {chosen}.",
            f"- Data revision `{version.lineage.get('signals_revision')}`, labels `{model.facts.get('label_hash')}`, "
            f"recipe `{version.lineage.get('recipe_hash')}`.",
            f"- The same again: `leadbench train --reproduce {version.version}`.",
        ]
    )


def _segments(told: Mapping[str, Any]) -> str:
    """Which levels have trees of their own, why the others are the parent's, and what each reaches on unseen rows."""
    about = (
        f"By `{told['by']}`: a level gets trees of its own from {told['fewest_rows']:,} training rows, "
        f"{told['fewest_of_a_class']:,} won and {told['fewest_of_a_class']:,} lost training leads on, where they lose "
        "credibly less log loss on held-out leads. All others, missing and new ones have the trees of all leads."
    )
    return "\n".join(["## Segments", "", about, "", *(_level(one) for one in told["levels"])])


def _level(one: Mapping[str, Any]) -> str:
    gain, tested = one["gain"], one["test"]
    tried = "" if gain is None else f", gain {gain['value']:+.4f} a row ({gain['low']:+.4f} to {gain['high']:+.4f})"
    area = "" if tested["auc"] is None else f" AUC {tested['auc']:.3f} on {tested['rows']:,} unseen rows"
    if tested["against"]:
        area += f", of all leads' trees {tested['against']['figures'][0]['theirs']:.3f}"
    area += "." if area else ""
    why = "its own trees" if one["why"] == "own" else f"the trees of all leads, {one['why']}"
    counted = f"{one['rows']:,} training rows, {one['won']:,} won and {one['lost']:,} lost leads"
    return f"- {one['level'] or 'not known'}: {why}{tried} ({counted}).{area}"


def _said(settings: Any) -> str:
    """What a block of settings says, without what it leaves open: `by time, test fraction 0.25`."""
    if not isinstance(settings, Mapping):
        return "not told" if settings is None else str(settings)
    told = {name.replace("_", " "): value for name, value in settings.items() if value not in (None, False, [], {})}
    listed = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in told.items()}
    return ", ".join(name if value is True else f"{name} {value}" for name, value in listed.items()) or "none"


def _evaluation(version: ModelVersion) -> str:
    rows = [(METRICS[name], figure) for name, figure in _figures(version).items() if figure["value"] is not None]
    table = ["| figure | value | 95 % |", "|---|---|---|", *(_line(name, figure) for name, figure in rows)]
    ahead = [
        f"- Against {one['name']}: {one['against']['verdict']} (AUC {_signed(one['against']['figures'][0])})."
        for one in version.metrics.get("challengers") or []
    ]
    leads = version.metrics.get("leads")
    about = (
        f"On {version.metrics.get('rows') or 0:,} rows of {leads or 0:,} leads that no training saw; intervals by lead."
    )
    weighted = version.metrics.get("weighted")
    counted = [_weighted(weighted), ""] if weighted else []
    return "\n".join(["## Evaluation", "", about, "", *counted, *table, "", *ahead]).rstrip()


def _weighted(told: Mapping[str, float]) -> str:
    """What the figures are where training weighted its rows, and what they are by weight."""
    return (
        "These are worked leads, and the table and all other figures count them as they came. Each counted by its "
        f"weight: AUC {told['auc']:.4f}, Brier {told['brier']:.4f}, log loss {told['log_loss']:.4f}, calibration gap "
        f"{100 * told['ece']:.1f} points, positive rate {told['base_rate']:.1%} where {told['expected_rate']:.1%} was "
        "said."
    )


def _line(name: str, figure: Mapping[str, Any]) -> str:
    low, high = figure["low"], figure["high"]
    return f"| {name} | {figure['value']:.4f} | {'–' if low is None else f'{low:.4f} to {high:.4f}'} |"


def _signed(figure: Mapping[str, Any]) -> str:
    bounds: Sequence[float | None] = (figure["difference"], figure["low"], figure["high"])
    one, low, high = ("–" if value is None else f"{value:+.3f}" for value in bounds)
    return f"{one}, 95 % {low} to {high}"
