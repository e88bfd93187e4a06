"""How far a run is, and what each of its steps took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.kernel.clock import Clock
from core.kernel.workers import Progress

RUN_STEPS = ("import", "features", "train", "decide", "drift")
SHARES = {"import": 0.15, "features": 0.15, "train": 0.35, "decide": 0.2, "drift": 0.15, "performance": 0.85}


@dataclass
class Course:
    """How far a run is: seconds by step, and progress as one number over all steps."""

    clock: Clock
    told: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)
    done: float = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[Progress]:
        """Time one step and give it its share of the progress."""
        began, start, share = self.clock.now(), self.done, SHARES.get(name, 0.0)

        def tell(done: float, text: str) -> None:
            if self.told:
                self.told(min(start + max(done, 0.0) * share, 1.0), f"{name}: {text}" if text else name)

        tell(0.0, "")
        yield tell
        self.done = start + share
        passed = (self.clock.now() - began).total_seconds()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + passed, 3)
