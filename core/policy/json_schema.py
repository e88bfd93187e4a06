"""The JSON Schema (2020-12) of a policy document, for editors; made from the model that the parser uses."""

import json
from typing import Any

from core.policy.document import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as JSON values."""
    return {"$schema": DIALECT, "title": "leadbench policy, schema v1", **_body()}


def json_schema_text() -> str:
    """The schema as the text of `policies/policy.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _body() -> dict[str, Any]:
    made = Document.model_json_schema(by_alias=True)
    return {key: _closed(value) for key, value in made.items() if key != "title"}


def _closed(node: Any) -> Any:
    """The node with every map of names closed to keys that are no names."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _closed(value) for key, value in node.items()}
    return {**inner, "additionalProperties": False} if "patternProperties" in node else inner
