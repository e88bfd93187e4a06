"""Run by test_bad_input in a process of its own: import under a small file-size limit, then say what is left."""

import json
import resource
import signal
import sys
from pathlib import Path

from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.signals.service import Signals

store, path, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Database.open(store, SystemClock()) as database:
    head = database.revision()
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        Signals(database).import_events(path, actor="ana")
        code = None
    except LeadbenchError as error:
        code = error.code
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    told = {"code": code, "unmoved": database.revision() == head, "ok": database.verify().ok}
    print(json.dumps({**told, "events": Signals(database).summary()["events"]}))
