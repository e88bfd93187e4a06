"""The served description is true: whatever is sent, what comes out is what the description says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from starlette.applications import Starlette

from app import api, live, services
from app.api.openapi import description
from core.kernel.clock import SystemClock
from core.workbench import Workbench

CHECKS = [
    not_a_server_error,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.status_code_conformance,
]
SETTINGS = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    with Workbench.open(tmp_path_factory.mktemp("described") / "store", SystemClock()) as bench:
        services.use(bench)
        yield bench.rooms.write_keys.issue("web", "root")[1]
        live.close()
        services.use(None)


@pytest.fixture(scope="module")
def described(key):
    return schemathesis.openapi.from_asgi("/v1/openapi.json", Starlette(routes=api.routes()))


@pytest.mark.parametrize("path", sorted(description()["paths"]))
def test_what_comes_out_is_what_the_description_says(described, key, path):
    operation = next(iter(described.include(path=path).get_all_operations())).ok()

    @SETTINGS
    @given(operation.as_strategy())
    def holds(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

    holds()


def test_without_a_key_the_answer_is_as_described(described):
    for operation in described.get_all_operations():
        case = operation.ok().Case(body={"a": 1}, media_type="application/json")
        if operation.ok().method.upper() == "POST":
            answer = case.call()
            assert answer.status_code == 401
            case.validate_response(answer, checks=CHECKS)
