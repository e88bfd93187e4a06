"""The policy document, schema v1: the whole tree and what identifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from core.kernel.canonical import digest, short
from core.policy.blocks import (
    Actions,
    Bands,
    GoldenTest,
    Guards,
    InputField,
    Inputs,
    Lifecycle,
    Pool,
    Priority,
    Routing,
)
from core.policy.overlays import Claim, Experiment, Privacy, Rollout, Sla
from core.policy.types import Block, Dotted, Hash, Name, Text, Whole

if TYPE_CHECKING:
    from core.policy.compiled import Conditions

SILENT_BLOCKS = ("apiVersion", "kind", "metadata", "tests", "properties")
SILENT_FIELD_KEYS = ("doc", "typical")


class Author(Block):
    """Who is named as the author; for display only."""

    id: Text
    role: Text


class Owner(Block):
    """Who answers for the policy."""

    team: Text
    escalation: Text | None = None


class Effective(Block):
    """The time in which the policy is meant to decide."""

    since: Text | None = Field(default=None, alias="from")
    until: Text | None = None


class Supersedes(Block):
    """The version that this one follows."""

    id: Text
    version: Whole


class Metadata(Block):
    """Name, people, reasons and risk of a policy."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", strict=True)
    version: Whole | None = None
    parent: Hash | None = None
    title: Text | None = None
    author: Author | None = None
    owner: Owner | None = None
    rationale: str | None = Field(default=None, min_length=10, strict=True)
    change_ticket: Text | None = None
    effective: Effective | None = None
    supersedes: Supersedes | None = None
    risk_class: Literal["low", "medium", "high"] = "medium"
    review_by: Text | None = None
    labels: dict[Name, Text] = Field(default_factory=dict)


class Document(Block):
    """A policy document of schema v1, block by block."""

    api_version: Literal["leadpolicy/v1"] = Field(alias="apiVersion")
    kind: Literal["LeadPolicy"]
    metadata: Metadata
    inputs: Inputs
    guards: Guards = Guards()
    bands: Bands
    priority: Priority | None = None
    lifecycle: Lifecycle | None = None
    routing: Routing
    pools: dict[Dotted, Pool] = Field(min_length=1)
    sla: Sla | None = None
    actions: Actions | None = None
    experiment: Experiment | None = None
    rollout: Rollout | None = None
    privacy: Privacy | None = None
    properties: tuple[Claim, ...] = ()
    tests: tuple[GoldenTest, ...] = ()


@dataclass(frozen=True)
class Policy:
    """A policy that was read and checked: its document, parsed conditions, the tree it was read from, its text."""

    document: Document
    conditions: "Conditions"
    tree: Mapping[str, Any]
    text: str
    file: str

    @property
    def name(self) -> str:
        """The policy's stable name, `metadata.id`."""
        return self.document.metadata.id

    @property
    def input_fields(self) -> Mapping[str, InputField]:
        """The declared input fields by name, in the document's order."""
        return self.document.inputs.fields

    @cached_property
    def content_hash(self) -> str:
        """`sha256:<hex>` of the canonical document without `metadata.version`; what approval binds to."""
        return digest(content(self.tree))

    @cached_property
    def behaviour_hash(self) -> str:
        """`sha256:<hex>` of what decides: without names, people, reasons, descriptions, claims and tests."""
        return digest(behaviour(self.tree))

    @property
    def ref(self) -> str:
        """`NAME@` and the first 12 digits of the content hash."""
        return f"{self.name}@{short(self.content_hash)}"


def content(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree without `metadata.version`, which is given at publishing."""
    metadata = {key: value for key, value in tree["metadata"].items() if key != "version"}
    return {**tree, "metadata": metadata}


def behaviour(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the tree that decides, with the time it is meant to decide in."""
    kept = {key: value for key, value in tree.items() if key not in SILENT_BLOCKS}
    effective = tree["metadata"].get("effective")
    return {**kept, "inputs": _silent_fields(tree["inputs"]), "effective": effective}


def _silent_fields(inputs: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        name: {key: value for key, value in field.items() if key not in SILENT_FIELD_KEYS}
        for name, field in inputs["fields"].items()
    }
    return {**inputs, "fields": fields}
