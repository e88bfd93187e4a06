"""Where compiled code is kept when the program's own folder cannot be written, as in a read-only installation."""

import os
import tempfile
from pathlib import Path


def cache_folder(module_file: str) -> str:
    """The folder for what is compiled of a module; empty where its own `__pycache__` serves.

    $NUMBA_CACHE_DIR counts where it is set; else a folder of this user under the one for temporary files, made for
    nobody else to read or write.
    """
    given = os.environ.get("NUMBA_CACHE_DIR", "")
    beside = Path(module_file).parent
    own = beside / "__pycache__"
    if given or os.access(own if own.is_dir() else beside, os.W_OK):
        return given
    kept = Path(tempfile.gettempdir()) / f"leadbench-compiled-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    kept.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (kept.stat().st_uid != os.getuid() or kept.stat().st_mode & 0o022):
        return tempfile.mkdtemp(prefix="leadbench-compiled-")
    return str(kept)


def settle(module_file: str) -> None:
    """Say to Numba where it keeps what it compiles of the module's folder; call it before Numba is imported."""
    folder = cache_folder(module_file)
    if folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
