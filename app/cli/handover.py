"""Handing a command to the server that holds the store, over the Unix socket in the store's folder.

The conversation is JSON, one object a line. First the command: {"arguments", "folder", "user", "tty"}; then, if it is
to stop, {"cancel": true}. Back come {"out": text} and {"err": text} as they are said, and last {"exit": code}.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from app.cli.call import Call
from core.kernel.errors import LeadbenchError
from core.kernel.settings import Settings

SOCKET = "command.sock"
LONGEST_ADDRESS = 107
"""What a Unix socket's address can hold, in bytes, without its end mark."""


class ServerGone(LeadbenchError):
    """The server ended while it carried a command out."""

    code = "server_gone"

    def __init__(self, directory: object) -> None:
        super().__init__(
            f"The server that holds `{directory}` ended before the command was done.",
            value=directory,
            remedy="Run it again; what was not acknowledged was not kept.",
        )


@contextmanager
def address(directory: Path) -> Iterator[str]:
    """The address of the socket in the folder, by way of an open folder where its path is too long for one."""
    path = str(directory / SOCKET)
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield path
        return
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


class Answers:
    """What the server says, a whole line at a time; an interrupted reading is taken up where it stopped."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = b""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            line, end, rest = self._held.partition(b"\n")
            if end:
                self._held = rest
                yield json.loads(line)
            elif received := _receive(self._connection):
                self._held += received
            else:
                return


def hand_over(directory: Path, arguments: list[str], call: Call, settings: Settings) -> int | None:
    """Let the server carry the command out and say here what it says; its exit code, None where no server listens.

    Ctrl-C asks the server to stop the command, and waits until it has; raises ServerGone.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with address(directory) as place:
                connection.connect(place)
        except OSError:
            return None
        command = {"arguments": arguments, "folder": str(Path.cwd()), "user": settings.user, "tty": call.err.isatty()}
        _send(connection, command)
        answers = Answers(connection)
        try:
            return _listen(answers, call, directory)
        except KeyboardInterrupt:
            _send(connection, {"cancel": True})
            return _listen(answers, call, directory)


def _listen(answers: Answers, call: Call, directory: Path) -> int:
    for answer in answers:
        if "exit" in answer:
            return answer["exit"]
        call.out.write(answer.get("out", ""))
        call.err.write(answer.get("err", ""))
        call.err.flush()
    raise ServerGone(directory)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Say it, where the server still listens; its end is noticed when it is listened to."""
    with suppress(ConnectionError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionError:
        return b""
