"""The server's side of handed-over commands: each runs in a thread, with its own streams, on the one store."""

import io
import json
import os
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

from app.cli import handover
from app.cli.call import Call, Caller
from core.kernel import telemetry
from core.kernel.settings import Settings
from core.workbench import Workbench

ENDING_SECONDS = 5.0
Run = Callable[[list[str], Call], int]


class Said(io.TextIOBase):
    """A text stream whose words go back to who handed the command over."""

    def __init__(self, name: str, send: Callable[[dict[str, Any]], None], tty: bool) -> None:
        self._name, self._send, self._tty = name, send, tty

    def write(self, text: str) -> int:
        """Send the text."""
        self._send({self._name: text})
        return len(text)

    def isatty(self) -> bool:
        """Whether the other side's standard error is a terminal."""
        return self._tty


class _Handler(socketserver.StreamRequestHandler):
    """One handed-over command."""

    server: "Listener"

    def handle(self) -> None:
        """Carry the command out; a stop, or the end of the other side, cancels it."""
        self._sending = threading.Lock()
        command = json.loads(self.rfile.readline() or b"null")
        if command is None:
            return
        call = self._call(command)
        threading.Thread(target=_watch, args=(self.rfile, call.cancel), daemon=True).start()
        self.server.calls.add(call.cancel)
        try:
            with telemetry.span("command", command=" ".join(command["arguments"][:2])) as span:
                code = self.server.run(command["arguments"], call)
                span.set(exit_code=code)
            self._send({"exit": code})
        finally:
            self.server.calls.discard(call.cancel)

    def _call(self, command: dict[str, Any]) -> Call:
        bench = self.server.workbench
        settings = Settings(user=command["user"], store=bench.db.directory)  # type: ignore[call-arg]
        out, err = (Said(name, self._send, command["tty"]) for name in ("out", "err"))
        return Call(out, err, Caller(Path(command["folder"]), settings, bench))  # type: ignore[arg-type]

    def _send(self, message: dict[str, Any]) -> None:
        try:
            with self._sending:
                self.wfile.write(json.dumps(message).encode() + b"\n")
        except (OSError, ValueError):
            self.server.lost += 1


class Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens at the socket in the store's folder, readable and writable by its owner only."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, workbench: Workbench, run: Run) -> None:
        self.workbench = workbench
        self.run = run
        self.calls: set[threading.Event] = set()
        self.lost = 0
        self._path = workbench.db.directory / handover.SOCKET
        self._path.unlink(missing_ok=True)
        super().__init__(str(self._path), _Handler)

    def server_bind(self) -> None:
        """Bind with the owner's rights only; the store's lock is held, so a socket file found before was stale."""
        os.fchmod(self.socket.fileno(), 0o600)
        with handover.address(self._path.parent) as place:
            self.socket.bind(place)

    def start(self) -> Self:
        """Listen in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.1,), name="commands", daemon=True).start()
        return self

    def stop(self) -> None:
        """Take no more commands, cancel those that run, wait a moment for them, and remove the socket."""
        self.shutdown()
        for cancel in list(self.calls):
            cancel.set()
        waited = threading.Event()
        for _ in range(int(ENDING_SECONDS / 0.05)):
            if not self.calls or waited.wait(0.05):
                break
        self.server_close()
        self._path.unlink(missing_ok=True)


def _watch(stream: BinaryIO, cancel: threading.Event) -> None:
    """Wait for the word to stop, or for the other side's end."""
    with suppress(OSError, ValueError):
        stream.readline()
    cancel.set()
