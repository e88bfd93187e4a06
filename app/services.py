"""The one workbench that the server, the pages and the API share."""

from pathlib import Path
from threading import RLock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.workbench import Workbench


class _Shared:
    """What this process holds: the store's folder, the open workbench, whether engines are warm."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.folder: Path | None = None
        self.workbench: Workbench | None = None
        self.warmed = False


_SHARED = _Shared()


def configure(folder: Path) -> None:
    """Name the store's folder, before the first use."""
    with _SHARED.lock:
        _SHARED.folder = folder.resolve()


def folder() -> Path:
    """The store's folder: as configured, else from the settings."""
    from core.kernel.settings import Settings

    return _SHARED.folder or Settings().store.resolve()  # type: ignore[call-arg]


def workbench() -> "Workbench":
    """The open workbench, opened on the first call; raises the refusals of opening a store."""
    with _SHARED.lock:
        if _SHARED.workbench is None:
            from core.kernel.clock import SystemClock
            from core.workbench import Workbench

            _SHARED.workbench = Workbench.open(folder(), SystemClock())
        return _SHARED.workbench


def use(opened: "Workbench | None") -> None:
    """Share a workbench that the caller opened and closes."""
    with _SHARED.lock:
        _SHARED.workbench = opened


def close() -> None:
    """Close the shared workbench, if one is open."""
    with _SHARED.lock:
        opened, _SHARED.workbench = _SHARED.workbench, None
    if opened is not None:
        opened.close()


def warm() -> None:
    """Import the scoring engine in a thread, once, so that the first explanation does not wait for it."""
    with _SHARED.lock:
        if _SHARED.warmed or _SHARED.folder is None:
            return
        _SHARED.warmed = True
    Thread(target=_import_engines, name="warm-engines", daemon=True).start()


def _import_engines() -> None:
    import importlib

    from core.models import attributing

    for engine in ("scipy.sparse", "lightgbm"):
        importlib.import_module(engine)
    attributing.warm()
