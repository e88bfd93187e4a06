"""The order of a queue: priority first, then the policy's `tie_break`, so that any two leads have an order."""

import re

from core.policy.document import Document

KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?: (asc|desc))?")
LEAD_ID, EVENT_TIME = "lead_id", "event_time"
BY_THE_ENGINE = (EVENT_TIME, LEAD_ID)
PRIORITY_FIRST = ("priority", True)
LAST = (LEAD_ID, False)


def queue_order(document: Document) -> tuple[tuple[str, bool], ...]:
    """(name, whether downwards) of what a queue is sorted by, first to last; always ends in `lead_id`."""
    written = document.priority.tie_break if document.priority else ()
    keys = [(match[1], match[2] == "desc") for match in map(KEY.fullmatch, written) if match]
    return (PRIORITY_FIRST, *keys) if keys and keys[-1][0] == LEAD_ID else (PRIORITY_FIRST, *keys, LAST)
