import socket

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import api, services
from app.server import NotLoopback, PortInUse, application, check


@pytest.fixture
def client():
    return TestClient(Starlette(routes=api.routes()))


def test_health_is_ok_on_an_open_store(client, open_store):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_health_says_why_a_store_cannot_be_opened(client, monkeypatch):
    from core.kernel.errors import StoreMissing

    def refused():
        raise StoreMissing(services.folder())

    monkeypatch.setattr(services, "workbench", refused)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == StoreMissing.code


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_api_path_is_404_as_problem_json(client, method):
    answer = getattr(client, method)("/v1/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/v1/nothing/here" in answer.json()["detail"]


def test_the_app_is_configured_from_any_folder(tmp_path, monkeypatch):
    from streamlit import config

    monkeypatch.chdir(tmp_path)
    application(9999)
    assert config.get_option("server.port") == 9999
    assert config.get_option("browser.gatherUsageStats") is False
    assert config.get_option("theme.dark.sidebar.backgroundColor") == "#0A111A"


def test_no_host_beyond_this_machine():
    with pytest.raises(NotLoopback, match=r"`0\.0\.0\.0`"):
        check("0.0.0.0", 8501)


def test_a_port_in_use_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"`{port}`"):
            check("127.0.0.1", port)
