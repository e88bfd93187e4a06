"""The record as OpenLineage run events (version 2-0-2): imports, feature builds, trainings and decision batches.

Nothing is made up: a run is one entry of the ledger, its id is a UUID (version 5) of the entry's hash, and the ledger
knows when a run ended only, so START and COMPLETE carry the same time.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from core.exports.open_lineage_columns import Column, Source, imported, of_features, of_score, schema_of
from core.features.document import FeatureSet
from core.kernel.canonical import short

SPEC = "https://openlineage.io/spec"
RUN_EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = {
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "parent": ("1-2-0", "ParentRunFacet"),
}
PRODUCER = f"urn:leadbench:{version('leadbench')}"
RUNS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:leadbench:ledger")
KINDS = (
    "leads.imported", "events.imported", "outcomes.imported", "reps.imported", "events.received", "features.built",
    "model.registered", "decisions.recorded",
)  # fmt: skip
DECIDED = ("decision_id", "lead_id", "as_of", "score", "disposition", "band", "pool", "assignee", "action")


@dataclass(frozen=True)
class Store:
    """What the events are told with: the namespace of its tables, their columns (name, type), and how sets are found.

    `features` gives None for a set that was forgotten; `mappings` are those of loaded files by batch id.
    """

    namespace: str
    columns: Mapping[str, Sequence[Column]]
    features: Callable[[str], FeatureSet | None]
    mappings: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Dataset:
    """Something that a run reads or writes; facets by name, without what every facet has."""

    namespace: str
    name: str
    facets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: int | None = None

    def told(self, side: str) -> dict[str, Any]:
        """The dataset as an event has it among its `inputs` or `outputs`."""
        counted = {} if self.rows is None else {"outputStatistics": _facet("outputStatistics", {"rowCount": self.rows})}
        facets = {name: _facet(name, content) for name, content in self.facets.items()}
        found: dict[str, Any] = {"namespace": self.namespace, "name": self.name, "facets": facets}
        return found | {f"{side}Facets": counted if side == "output" else {}}


@dataclass(frozen=True)
class Work:
    """The job of a run with what it read and wrote, and the job that it ran for itself first."""

    job: str
    inputs: Sequence[Dataset]
    outputs: Sequence[Dataset]
    first: "Work | None" = None


def run_events(entries: Iterable[Mapping[str, Any]], store: Store) -> Iterator[dict[str, Any]]:
    """START and COMPLETE of each entry (a row of the ledger, of KINDS), in the order of the ledger.

    A training and a batch of decisions build their features in a run of their own, which names them as its parent.
    """
    for entry in entries:
        work = WORKS[entry["kind"]](json.loads(entry["body"]), store)
        own = _run(run_id(entry["hash"]))
        yield _event("START", entry["at"], own, work, store)
        if work.first is not None:
            child = _run(run_id(entry["hash"], work.first.job), _parent(own, work, store))
            yield _event("START", entry["at"], child, work.first, store)
            yield _event("COMPLETE", entry["at"], child, work.first, store)
        yield _event("COMPLETE", entry["at"], own, work, store)


def run_id(entry_hash: str, job: str = "") -> str:
    """The id of the run that an entry of the ledger records, or of a job within it: the same wherever it is told."""
    return str(uuid.uuid5(RUNS, f"{entry_hash}/{job}" if job else entry_hash))


def _event(kind: str, at: str, run: Mapping[str, Any], work: Work, store: Store) -> dict[str, Any]:
    return {
        "eventType": kind,
        "eventTime": at,
        "run": run,
        "job": {"namespace": store.namespace, "name": work.job, "facets": {}},
        "inputs": [one.told("input") for one in work.inputs],
        "outputs": [one.told("output") for one in work.outputs] if kind == "COMPLETE" else [],
        "producer": PRODUCER,
        "schemaURL": RUN_EVENT,
    }


def _run(name: str, parent: Mapping[str, Any] | None = None) -> dict[str, Any]:
    engine = _facet("processing_engine", {"version": version("leadbench"), "name": "leadbench"})
    return {"runId": name, "facets": {"processing_engine": engine} | ({"parent": parent} if parent else {})}


def _parent(run: Mapping[str, Any], work: Work, store: Store) -> dict[str, Any]:
    told = {"run": {"runId": run["runId"]}, "job": {"namespace": store.namespace, "name": work.job}}
    return _facet("parent", told)


def to_lines(events: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """One event a line, as OpenLineage's file transport writes them."""
    return (json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for one in events)


def _facet(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    number, title = FACETS[name]
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{number}/{title}.json#/$defs/{title}", **content}


def _table(store: Store, name: str, rows: int | None = None, lineage: Mapping[str, Any] | None = None) -> Dataset:
    facets = {"schema": schema_of(store.columns[name])} | ({"columnLineage": lineage} if lineage else {})
    return Dataset(store.namespace, name, facets, rows)


def _load(body: Mapping[str, Any], store: Store) -> Work:
    kind, path = body["kind"], body["path"]
    file = Dataset("file", path, {"version": {"datasetVersion": body["content_hash"]}})
    lineage = imported(store.mappings.get(body["batch_id"], {}), Source("file", path))
    return Work(f"import_{kind}", [file], [_table(store, kind, body["accepted"], lineage)])


def _receive(body: Mapping[str, Any], store: Store) -> Work:
    batches = body["batches"]
    read = [Dataset(store.namespace, name) for name in dict.fromkeys(one["path"] for one in batches)]
    return Work("receive_events", read, [_table(store, "events", sum(one["accepted"] for one in batches))])


def _set(set_hash: str, store: Store, rows: int | None = None, *, is_built: bool = False) -> Dataset:
    """The values of a feature set; where they are built, with what each feature reads."""
    found = store.features(set_hash)
    facets: dict[str, Mapping[str, Any]] = {"version": {"datasetVersion": set_hash}}
    if found is not None:
        facets["schema"] = schema_of([(one.name, one.dtype) for one in found.features])
        facets |= {"columnLineage": of_features(found, store.namespace)} if is_built else {}
    return Dataset(store.namespace, _set_name(set_hash), facets, rows)


def _set_name(set_hash: str) -> str:
    return f"features/{short(set_hash)}"


def _build(body: Mapping[str, Any], store: Store) -> Work:
    read = [_table(store, name) for name in ("events", "leads")]
    return Work("build_features", read, [_set(body["set_hash"], store, body.get("built"), is_built=True)])


def _built_within(set_hash: str | None, store: Store) -> Work | None:
    return None if set_hash is None else _build({"set_hash": set_hash}, store)


def _train(body: Mapping[str, Any], store: Store) -> Work:
    set_hash = body.get("feature_set_hash")
    found = store.features(set_hash) if set_hash else None
    facets = {"schema": schema_of([("score", "number")]), "version": {"datasetVersion": body["model_hash"]}}
    if set_hash and found is not None:
        source = Source(store.namespace, _set_name(set_hash))
        facets["columnLineage"] = of_score([one.name for one in found.features], source)
    model = Dataset(store.namespace, _model_name(body["model_hash"]), facets)
    read = [*([_set(set_hash, store)] if set_hash else []), _table(store, "outcomes")]
    return Work("train_model", read, [model], _built_within(set_hash, store))


def _model_name(model_hash: str) -> str:
    return f"models/{short(model_hash)}"


def _decide(body: Mapping[str, Any], store: Store) -> Work:
    set_hash, model = body.get("feature_set_hash"), Source(store.namespace, _model_name(body["model_hash"]))
    policy = f"policies/{short(body['policy_hash'])}"
    versions = ((model.name, body["model_hash"]), (policy, body["policy_hash"]))
    read = [Dataset(store.namespace, name, {"version": {"datasetVersion": one}}) for name, one in versions]
    read = [*([_set(set_hash, store)] if set_hash else []), *read]
    decided = _table(store, "decisions", body["count"], of_score(["score"], model))
    return Work("decide_leads", read, [decided], _built_within(set_hash, store))


WORKS: Mapping[str, Callable[[Mapping[str, Any], Store], Work]] = {
    **dict.fromkeys(("leads.imported", "events.imported", "outcomes.imported", "reps.imported"), _load),
    "events.received": _receive,
    "features.built": _build,
    "model.registered": _train,
    "decisions.recorded": _decide,
}
