"""The online state: one compiled walk over each lead's events in memory, equal to the batch build.

The walk is compiled when it is first called, and kept on disk; `warm_in_background` does that at the start of a server.
"""

from core.features.online.online import OnlineFeatures
from core.features.online.warming import warm, warm_in_background

__all__ = ["OnlineFeatures", "warm", "warm_in_background"]
