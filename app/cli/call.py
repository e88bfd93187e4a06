"""One command as it runs: how it speaks and where to, from which folder, for whom, on which store.

A command typed by a user speaks to this process's own streams. One that a server carries out for another process has
its own streams, folder, settings and workbench, so that several at once never meet.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TextIO

from core.kernel.settings import Settings
from core.workbench import Workbench


@dataclass(frozen=True)
class Caller:
    """Who handed a command to this server: its folder and settings, and the workbench that carries it out."""

    folder: Path
    settings: Settings
    workbench: Workbench


@dataclass
class Call:
    """A running command; `caller` is None where it was typed in this process, `cancel` is set when it is to stop."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    caller: Caller | None = None
    cancel: Event = field(default_factory=Event)
    as_json: bool = False
    offline: bool = False


_CALL: ContextVar[Call] = ContextVar("call")


def current() -> Call:
    """The command that runs in this thread."""
    return _CALL.get(Call())


@contextmanager
def running(call: Call) -> Iterator[Call]:
    """Make `call` the current one."""
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)
