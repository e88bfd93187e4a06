"""Steps of the signals that brought nothing but events of known leads: what else is known of leads still holds."""

import threading
from collections import OrderedDict

MOST_STEPS = 4_096
Step = tuple[str, str]


class Trail:
    """Steps from one revision of the signals to the next, as the committer tells them; the oldest are forgotten."""

    def __init__(self) -> None:
        self._next: OrderedDict[str, str] = OrderedDict()
        self._guard = threading.Lock()

    def note(self, step: Step) -> None:
        """Add a step."""
        with self._guard:
            self._next[step[0]] = step[1]
            if len(self._next) > MOST_STEPS:
                self._next.popitem(last=False)

    def leads(self, start: str, end: str) -> bool:
        """Whether steps of that kind alone lead from one revision to the other."""
        with self._guard:
            for _ in range(len(self._next) + 1):
                if start == end:
                    return True
                if start not in self._next:
                    return False
                start = self._next[start]
        return False
