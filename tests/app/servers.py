"""A real leadbench server in a process of its own."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEADBENCH = str(Path(sys.executable).with_name("leadbench"))
READY_SECONDS = 60


@contextmanager
def started(store: Path) -> Iterator[str]:
    """The address of a server on the store; it is stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (store.parent / "serve.log").open("w") as log:
        command = [LEADBENCH, "serve", "--store", str(store), "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until_ready(process, f"http://127.0.0.1:{port}", store.parent / "serve.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Wait for /healthz; raises with the server's own words where it ends or stays silent."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"the server was not ready in {READY_SECONDS} s:\n{log.read_text()[-4000:]}")
