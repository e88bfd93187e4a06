"""OpenLineage's own classes around an event: what they refuse is refused, what they would write is given back."""

from typing import Any

from openlineage.client import event_v2 as events
from openlineage.client.generated import (
    column_lineage_dataset,
    dataset_version_dataset,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    schema_dataset,
)
from openlineage.client.serde import Serde

FACETS = {
    "schema": lambda told: schema_dataset.SchemaDatasetFacet(
        fields=[schema_dataset.SchemaDatasetFacetFields(**one) for one in told["fields"]]
    ),
    "columnLineage": lambda told: column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={name: column_lineage_dataset.Fields(inputFields=_inputs(one)) for name, one in told["fields"].items()}
    ),
    "version": lambda told: dataset_version_dataset.DatasetVersionDatasetFacet(**told),
    "outputStatistics": lambda told: output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(**told),
    "processing_engine": lambda told: processing_engine_run.ProcessingEngineRunFacet(**told),
    "parent": lambda told: parent_run.ParentRunFacet(
        run=parent_run.Run(**told["run"]), job=parent_run.Job(**told["job"])
    ),
}


def written(event: dict[str, Any]) -> dict[str, Any]:
    """The event as OpenLineage's Python client writes it, made of ours by its classes; `event` is left as it is."""
    run = events.Run(runId=event["run"]["runId"], facets=_facets(event["run"]["facets"]))
    made = events.RunEvent(
        eventType=events.RunState(event["eventType"]),
        eventTime=event["eventTime"],
        run=run,
        job=events.Job(**event["job"]),
        inputs=[events.InputDataset(**_dataset(one, "inputFacets")) for one in event["inputs"]],
        outputs=[events.OutputDataset(**_dataset(one, "outputFacets")) for one in event["outputs"]],
        producer=event["producer"],
    )
    return _bare(Serde.to_dict(made))


def _bare(told: Any, within: str = "") -> Any:
    """Without what the classes write though it is empty: lists within a column's lineage, facets of a parent."""
    if isinstance(told, dict):
        bare = {name: _bare(one, "parent" if "parent" in (within, name) else "") for name, one in told.items()}
        empty = ("dataset", "fields", "facets") if within else ("dataset", "fields")
        return {name: one for name, one in bare.items() if one or name not in empty}
    return [_bare(one, within) for one in told] if isinstance(told, list) else told


def _dataset(told: dict[str, Any], side: str) -> dict[str, Any]:
    return {**told, "facets": _facets(told["facets"]), side: _facets(told[side])}


def _facets(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _facet(name, content) for name, content in told.items()}


def _facet(name: str, content: dict[str, Any]) -> Any:
    bare = {key: value for key, value in content.items() if not key.startswith("_")}
    facet = FACETS[name](bare)
    facet._producer = content["_producer"]
    return facet


def _inputs(told: dict[str, Any]) -> list[Any]:
    return [
        column_lineage_dataset.InputField(
            **{key: value for key, value in one.items() if key != "transformations"},
            transformations=[column_lineage_dataset.Transformation(**how) for how in one["transformations"]],
        )
        for one in told["inputFields"]
    ]
