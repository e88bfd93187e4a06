"""The online state: one compiled walk over each lead's events in memory, equal to the batch build.

The walk is compiled when it is first called and kept on disk: on a server by the thread that decides on arrival, before
its first event. `warm` does that by itself.
"""

from core.features.online.online import OnlineFeatures
from core.features.online.warming import warm

__all__ = ["OnlineFeatures", "warm"]
