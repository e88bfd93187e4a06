"""The published JSON Schema accepts exactly the shapes that the parser accepts."""

import copy
from pathlib import Path
from random import Random

import jsonschema
import pytest

from core.kernel.strict_yaml import load
from core.policy.json_schema import json_schema, json_schema_text
from core.policy.shape import Located, read_document
from tests.policy.conftest import example_text

ROOT = Path(__file__).parents[2]
VALUES = [None, True, 0, -1, 1.5, 10**7, "", "x", "A b", [], ["x"], {}, {"x": 1}, "sha256:1", "2026"]
EXTRA = ["extra", "a b", "9x"]


def test_the_published_json_schema_is_the_parsers():
    assert (ROOT / "policies" / "policy.schema.json").read_text() == json_schema_text()
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_document_is_refused_by_both_or_by_neither(seed):
    tree, positions = load(example_text(), file="x")
    validator, rng = jsonschema.Draft202012Validator(json_schema()), Random(seed)
    places = [path for path in paths(tree) if path]
    for _ in range(150):
        changed = mutated(rng, tree, rng.choice(places))
        document, found = read_document(changed, Located(positions))
        assert validator.is_valid(changed) is (document is not None), found


def paths(node, path=()):
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from paths(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from paths(value, (*path, place))


def mutated(rng, tree, path):
    changed = copy.deepcopy(tree)
    node = changed
    for key in path[:-1]:
        node = node[key]
    form = rng.random()
    if form < 0.25:
        del node[path[-1]]
    elif form < 0.4 and isinstance(node, dict):
        node[rng.choice(EXTRA)] = rng.choice(VALUES)
    else:
        node[path[-1]] = rng.choice(VALUES)
    return changed
