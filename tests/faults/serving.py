"""The HTTP API on a store in a process of its own, so that it can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Protocol

from tests.browser.serving import free_port

KEY = "fault-key"
ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LEADBENCH_WRITE_KEY": KEY, "LEADBENCH_TELEMETRY": "false"}
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


NURSERY = """
import os, sys
from pathlib import Path
import polars, pyarrow, uvicorn
from starlette.applications import Starlette
from app import api, live, services
from core.workbench import Workbench
from functools import partial
from core.signals.ingest import committer
for line in sys.stdin:
    store, port, most = line.rstrip().rsplit(" ", 2)
    child = os.fork()
    if not child:
        if int(most):
            committer.Limits = partial(committer.Limits, rows=int(most), group_rows=int(most))
        services.configure(Path(store))
        live.live()
        uvicorn.run(Starlette(routes=api.routes()), port=int(port), log_level="error")
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Process(Protocol):
    """What a server needs of its process."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        ...

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""
        ...

    def wait(self) -> int:
        """Wait for its end."""
        ...


@dataclass
class Server:
    """A server process and its address."""

    process: Process
    url: str

    def post(self, path: str, body: object, seconds: float = 30) -> tuple[int, dict]:
        """Status and body of an answer; raises OSError where the server goes meanwhile."""
        return self.ask(path, body, seconds)[:2]

    def ask(self, path: str, body: object, seconds: float = 30) -> tuple[int, dict, Message]:
        """The same with the answer's headers."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        request = urllib.request.Request(f"{self.url}/v1/{path}", content, headers)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), error.headers

    @property
    def memory(self) -> int:
        """Its resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Child:
    """A process that the nursery forked; the nursery tells of its end."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self._ended: int | None = None

    def poll(self) -> int | None:
        """How it ended, None while nobody has waited for it."""
        return self._ended

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, sig)

    def wait(self) -> int:
        """Wait for its end."""
        self._ended = self._nursery.told() if self._ended is None else self._ended
        return self._ended


class Nursery:
    """A process that has everything imported and forks one server after another: a start takes no second."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(self, store: Path, port: int, most: int = 0) -> Child:
        """A server on the store at the port, with a queue of `most` events; the one before must have ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{store} {port} {most}\n".encode())
        self._process.stdin.flush()
        return Child(self, self.told())

    def told(self) -> int:
        """The number that the nursery says next."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it, once its servers have ended."""
        self._process.communicate()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, closed at the end."""
    opened = Nursery()
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def served(store: Path, by: Nursery | None = None, most: int = 0) -> Iterator[Server]:
    """A server on the store, perhaps of a nursery (with a queue of `most` events); it is killed where it still runs."""
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(store), str(port)]
    process = by.start(store, port, most) if by else subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT)
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
