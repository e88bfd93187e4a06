"""Commands on a store that a server holds: the server carries them out, and nobody can tell the difference."""

import io
import json
import os
import signal
import socket
import stat
import subprocess
import threading
import urllib.request
from pathlib import Path

import pytest

from app import cli
from app.cli.call import Call
from app.cli.handover import SOCKET, ServerGone, address, hand_over
from app.cli.listener import Listener
from core.kernel.clock import SystemClock
from core.kernel.settings import Settings
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused
from tests.app.servers import LEADBENCH, started

LEADS = "lead_id,created_at\nl1,2026-01-01T10:00:00Z\nl2,2026-01-02T10:00:00Z\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "leads.csv").write_text(LEADS)
    store = folder / "store"
    assert call("import", "leads", str(folder / "leads.csv"), "--store", str(store)).returncode == 0
    with started(store) as url:
        yield store, url
    assert not (store / SOCKET).exists()


@pytest.fixture
def bench(tmp_path):
    with Workbench.open(tmp_path / "store", SystemClock()) as opened:
        yield opened


def over(bench_or_store, *arguments: str) -> tuple[int | None, str, str]:
    """A command handed over as a client would: exit code and both outputs."""
    given = Call(io.StringIO(), io.StringIO())
    code = hand_over(bench_or_store, list(arguments), given, Settings(user="ana"))
    return code, given.out.getvalue(), given.err.getvalue()


def test_a_command_from_another_folder_is_carried_out_by_the_server(served, tmp_path):
    store, _ = served
    (tmp_path / "more.csv").write_text("lead_id,created_at\nl3,2026-01-03T10:00:00Z\n")
    command = [LEADBENCH, "import", "leads", "more.csv", "--store", os.path.relpath(store, tmp_path), "--json"]
    environment = {**os.environ, "LEADBENCH_USER": "ana"}
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=True)
    assert json.loads(result.stdout)["accepted"] == 1
    assert "1 leads checked" in result.stderr
    assert done("store_info", "store", "info", "--store", str(store))["leads"] >= 3


def test_the_named_user_acts_not_the_servers(served, tmp_path):
    store, _ = served
    (tmp_path / "leads.csv").write_text(LEADS)
    at = ("leads", str(tmp_path / "leads.csv"), "--store", str(store))
    assert refused("import", *at, user="rita")["code"] == "forbidden"
    assert refused("import", *at, "--as", "rita", user="ana")["code"] == "forbidden"
    assert refused("users", "add", "x", "--role", "viewer", "--store", str(store))["code"] == "no_identity"
    assert done("import", "import", *at, "--as", "ana", user="rita")["duplicate"] == 2


def test_refusals_keep_their_words_and_exit_codes(served):
    store, _ = served
    at = ("--store", str(store))
    assert refused("explain", "nobody", *at)["code"] == "no_decision"
    spoken = call("explain", "nobody", *at)
    assert (spoken.returncode, spoken.stdout) == (1, "") and "nobody" in spoken.stderr
    assert call("audit", "replay", *at).returncode == 2


def test_a_backup_is_made_by_the_server(served, tmp_path):
    store, _ = served
    made = done("store_backup", "store", "backup", str(tmp_path / "copy"), "--store", str(store), "--as", "root")
    again = ("--store", str(tmp_path / "again"), "--as", "root")
    found = done("store_restore", "store", "restore", str(tmp_path / "copy"), *again)
    assert found["ledger_head"] == made["ledger_head"]


def test_offline_refuses_with_the_holder(served):
    store, url = served
    error = refused("store", "info", "--store", str(store), "--offline")
    assert error["code"] == "store_in_use" and url in error["message"]
    assert call("serve", "--store", str(store), "--port", "1").returncode == 1


def test_the_socket_is_for_its_owner_alone(served):
    store, _ = served
    assert stat.S_IMODE((store / SOCKET).stat().st_mode) == 0o600


def test_several_commands_at_once_keep_their_outputs_apart(served):
    store, _ = served
    answers: dict[int, tuple[int | None, str, str]] = {}
    wanted = [("store", "info"), ("users", "list"), ("audit", "verify"), ("quarantine", "list")] * 4

    def ask(place: int) -> None:
        answers[place] = over(store, *wanted[place], "--json")

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(wanted))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = {"info": "ledger_head", "list": "", "verify": "first_broken"}
    for place, (group, name) in enumerate(wanted):
        code, out, err = answers[place]
        assert (code, err) == (0, "")
        expected = keys[name] or {"users": "users", "quarantine": "items"}[group]
        assert expected in json.loads(out)


def test_ctrl_c_stops_the_server_side_and_the_step_is_undone(served):
    store, url = served
    command = [LEADBENCH, "demo", "--no-serve", "--events", "30000", "--leads", "2000", "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "import" in line:
                break
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "Stopped; nothing was half-written." in said
    assert done("store_info", "store", "info", "--store", str(store))["models"] == 0
    assert done("audit_verify", "audit", "verify", "--store", str(store))["ok"]
    assert urllib.request.urlopen(f"{url}/healthz").status == 200


def test_a_fault_of_the_program_exits_with_3_and_its_traceback(bench, monkeypatch):
    monkeypatch.setattr("app.cli.store.describe", lambda bench: 1 // 0)

    def faulty(arguments: list[str], given: Call) -> int:
        return cli.run(["store", "info"], given)

    listener = Listener(bench, faulty).start()
    code, out, err = over(bench.db.directory)
    listener.stop()
    assert (code, out) == (3, "") and "Traceback" in err


def test_a_stale_socket_is_replaced_and_a_long_path_is_no_matter(tmp_path):
    folder = tmp_path / ("long" * 20) / ("longer" * 10)
    with Workbench.open(folder, SystemClock()) as bench:
        (folder / SOCKET).write_text("stale")
        listener = Listener(bench, cli.run).start()
        code, out, _ = over(folder, "users", "list", "--json")
        listener.stop()
        assert code == 0 and len(json.loads(out)["users"]) == 3
        assert not (folder / SOCKET).exists()
        assert over(folder, "users", "list") == (None, "", "")


def test_the_end_of_the_caller_cancels_its_command(bench):
    begun, stopped = threading.Event(), threading.Event()

    def waiting(arguments: list[str], given: Call) -> int:
        begun.set()
        given.cancel.wait(10)
        stopped.set()
        return 1

    listener = Listener(bench, waiting).start()
    with socket.socket(socket.AF_UNIX) as client, address(bench.db.directory) as place:
        client.connect(place)
        client.sendall(b'{"arguments": ["run"], "folder": "/", "user": "ana", "tty": false}\n')
        assert begun.wait(5)
    assert stopped.wait(5)
    listener.stop()


def test_a_server_that_ends_meanwhile_is_named(bench):
    listener = Listener(bench, cli.run)
    accepted = threading.Thread(target=lambda: listener.socket.accept()[0].close())
    accepted.start()
    with pytest.raises(ServerGone, match=r"leadbench|store"):
        over(bench.db.directory, "users", "list")
    accepted.join()
    listener.start().stop()


def test_without_a_server_the_holder_is_named(tmp_path: Path):
    with Workbench.open(tmp_path / "store", SystemClock()):
        error = refused("store", "info", "--store", str(tmp_path / "store"))
        assert error["code"] == "store_in_use" and str(os.getpid()) in error["message"]
