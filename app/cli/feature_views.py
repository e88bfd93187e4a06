"""What the commands on features print: the JSON objects, and the same for people."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from app.cli.common import table
from core.features.document import Feature, FeatureSet
from core.features.errors import FeatureUnknown
from core.features.hindsight import VERDICTS, Hindsight
from core.features.lineage import delivering, reads
from core.features.portrait import Course, Portrait
from core.features.tiers import tier
from core.features.writer import write
from core.governance.feature_users import FeatureReaders
from core.kernel.times import duration_text, to_text
from core.signals.store_pages import SignalPages
from core.workbench import Workbench


def one_of(feature_set: FeatureSet, name: str) -> Feature:
    """The feature of that name; raises FeatureUnknown."""
    feature = feature_set.find(name)
    if feature is None:
        raise FeatureUnknown(name, feature_set.feature_names)
    return feature


def shown(bench: Workbench, feature_set: FeatureSet, feature: Feature) -> dict[str, Any]:
    """The object of `features show`."""
    rows = bench.rooms.features.versions(feature.name).iter_rows(named=True)
    versions = [
        row | {"definition": json.loads(row["definition"]), "registered_at": to_text(row["registered_at"])}
        for row in rows
    ]
    told = {name: getattr(feature, name) for name in ("name", "label", "description", "owner", "role", "dtype")}
    return told | {
        "tier": tier(feature),
        "max_age": duration_text(feature.max_age) if feature.max_age else None,
        "feature_hash": feature.behaviour_hash,
        "set": {"name": feature_set.name, "set_hash": feature_set.behaviour_hash},
        "document": write(FeatureSet(feature_set.name, (feature,), feature_set.names)),
        "versions": versions,
        "used_by": _downstream(bench, feature),
    }


def _downstream(bench: Workbench, feature: Feature) -> dict[str, Any]:
    rooms = bench.rooms
    users = FeatureReaders(rooms.features, rooms.models, rooms.policies).of(feature)
    policies = [
        {"ref": one.ref, "name": one.name, "version": one.version, "state": one.state.value,
         "active": one.content_hash in users.deciding}
        for one in users.policies
    ]  # fmt: skip
    sets = [{"name": name, "set_hash": set_hash} for set_hash, name in users.sets.items()]
    return {"sets": sets, "models": list(users.models), "policies": policies}


def show_text(told: dict[str, Any]) -> str:
    """`features show` for people."""
    versions = [row | {"definition": json.dumps(row["definition"])} for row in told["versions"]]
    head = f"{told['label']} ({told['name']}): {told['role']}, {told['dtype']}, fresh {told['tier']}"
    return "\n".join(
        [head, told["description"], told["document"], table(versions, ["feature_hash", "set_name", "registered_at"]),
         _used_text(told["used_by"])]
    )  # fmt: skip


def _used_text(used: dict[str, Any]) -> str:
    policies = [f"{one['ref']} ({one['state']}{', active' if one['active'] else ''})" for one in used["policies"]]
    parts = {"sets": [one["name"] for one in used["sets"]], "models": used["models"], "policies": policies}
    return "\n".join(f"Read by {name}: {', '.join(found) or 'none'}" for name, found in parts.items())


def traced(bench: Workbench, feature: Feature) -> dict[str, Any]:
    """The object of `features lineage`."""
    read = reads(feature)
    delivered = delivering(read, SignalPages(bench.db).sources().select("source", "type", "events"))
    schemas = bench.rooms.signals.schemas().filter(pl.col("type").is_in([*delivered["type"].unique(), "*"]))
    upstream = asdict(read) | {
        "delivered": delivered.to_dicts(),
        "schemas": schemas.select("type", "version").sort("type", "version").to_dicts() if delivered.height else [],
    }
    downstream = _downstream(bench, feature)
    return {
        "name": feature.name,
        "feature_hash": feature.behaviour_hash,
        "upstream": upstream,
        "downstream": downstream,
    }


def lineage_text(told: dict[str, Any]) -> str:
    """`features lineage` for people."""
    up = told["upstream"]
    named = [f"Reads {key}: {', '.join(up[key])}" for key in ("attributes", "properties", "envelope") if up[key]]
    types = up["types"]
    named += [f"Reads event types: {'all' if types is None else ', '.join(types)}"] if not up["attributes"] else []
    return "\n".join([*named, table(up["delivered"], ["source", "type", "events"]), _used_text(told["downstream"])])


def profiled(feature_set: FeatureSet, feature: Feature, found: Portrait) -> dict[str, Any]:
    """The object of `features profile`."""
    spread = found.by_outcome
    return {
        "name": feature.name,
        "set_hash": feature_set.behaviour_hash,
        "dtype": feature.dtype,
        "rows": found.rows,
        "missing": found.missing,
        "distribution": found.shares.to_dicts(),
        "by_outcome": None if spread is None else {"leads": spread.leads, "buckets": _buckets(spread.shares)},
        "over_time": _over_time(found.course),
    }


def _buckets(shares: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {"bucket": row["bucket"], "shares": {name: value for name, value in row.items() if name != "bucket"}}
        for row in shares.iter_rows(named=True)
    ]


def _over_time(course: Course) -> list[dict[str, Any]]:
    columns = [name for name in course.shares.columns if name != "bucket"]
    return [
        row | {"as_of": to_text(row["as_of"]), "distribution": course.shares.select("bucket", share=column).to_dicts()}
        for row, column in zip(course.moments.iter_rows(named=True), columns, strict=True)
    ]


def profile_text(told: dict[str, Any]) -> str:
    """`features profile` for people."""
    lines = [f"{told['name']}: {told['missing']:.0%} missing of {told['rows']} leads active last"]
    lines += [table([_percent(row) for row in told["distribution"]], ["bucket", "share"])]
    if told["by_outcome"]:
        rows = [{"bucket": row["bucket"]} | _percent(row["shares"]) for row in told["by_outcome"]["buckets"]]
        lines += ["By outcome:", table(rows, list(rows[0]) if rows else ["bucket"])]
    moments = [row | {"missing": f"{row['missing']:.0%}"} for row in told["over_time"]]
    return "\n".join([*lines, "Over time:", table(moments, ["as_of", "leads", "missing", "mean"])])


def _percent(row: dict[str, Any]) -> dict[str, Any]:
    return {name: f"{value:.1%}" if isinstance(value, float) else value for name, value in row.items()}


def checked(feature_set: FeatureSet, found: Sequence[Hindsight]) -> dict[str, Any]:
    """The object of `features check`."""
    return {
        "set_hash": feature_set.behaviour_hash,
        "leaks": sum(one.verdict == "suspected_leak" for one in found),
        "features": [_checked(one) for one in found],
    }


def _checked(one: Hindsight) -> dict[str, Any]:
    examples = [
        asdict(example)
        | {"as_of": to_text(example.as_of), "known_at": to_text(example.known_at) if example.known_at else None}
        for example in one.examples
    ]
    share = one.changed / one.rows if one.rows else 0.0
    return asdict(one) | {"share": share, "says": VERDICTS[one.verdict], "examples": examples}


def check_text(told: dict[str, Any]) -> str:
    """`features check` for people."""
    rows = [
        one | {"changed": f"{one['changed']} of {one['rows']}", "causes": _counted(one["causes"]),
               "by_outcome": _counted({key: f"{share:.0%}" for key, share in one["by_outcome"].items()})}
        for one in told["features"]
    ]  # fmt: skip
    return table(rows, ["feature", "verdict", "changed", "causes", "by_outcome"])


def _counted(found: dict[str, Any]) -> str:
    return ", ".join(f"{key} {count}" for key, count in found.items()) or "-"


def backfill_text(told: dict[str, Any]) -> str:
    """`features backfill` for people."""
    partly = f", {told['partly']:,} for their account's sake" if told["partly"] else ""
    return (
        f"{told['rows']:,} rows at {told['moments']} moments, {told['features']} features; built {told['built']:,}"
        f"{partly} of {told['changed_leads']:,} changed leads in {told['seconds']:.1f} s."
    )


def forgotten_text(told: dict[str, Any]) -> str:
    """`features forget` for people."""
    sets = [f"{one['name']}: {one['left'] or 'nothing is left of it'}" for one in told["sets"]]
    return "\n".join([f"`{told['name']}` is forgotten. Its sets without it:", *sets])
