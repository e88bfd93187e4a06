"""The HTTP API on a store in a process of its own, so that it can be killed."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.serving import free_port

KEY = "fault-key"
ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
SERVER = """
import sys
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from app import api, live, services
services.configure(Path(sys.argv[1]))
live.live()
uvicorn.run(Starlette(routes=api.routes()), port=int(sys.argv[2]), log_level="error")
live.close()
services.close()
"""


@dataclass
class Server:
    """A server process and its address."""

    process: subprocess.Popen[bytes]
    url: str

    def post(self, path: str, body: object, seconds: float = 30) -> tuple[int, dict]:
        """Status and body of an answer; raises OSError where the server goes meanwhile."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        request = urllib.request.Request(f"{self.url}/v1/{path}", content, headers)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def served(store: Path) -> Iterator[Server]:
    """A server on the store; it is killed at the end where it still runs."""
    port = free_port()
    environment = {"PATH": "/usr/bin:/bin", "LEADBENCH_WRITE_KEY": KEY, "LEADBENCH_TELEMETRY": "false"}
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(store), str(port)], cwd=ROOT, env=environment)
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait(server: Server) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        assert server.process.poll() is None, "the server ended at its start"
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(server.url)
