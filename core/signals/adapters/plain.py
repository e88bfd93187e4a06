"""Files of no source in particular, and event logs in XES: their columns are mapped by alias or by a mapping."""

from core.signals.adapters.adapter import Adapter, Seen


def _never(seen: Seen) -> bool:
    """Plain reading is what remains where no source fits."""
    return False


PLAIN = Adapter("generic", _never)
XES = Adapter("xes", lambda seen: seen.format == "xes", source="crm")
