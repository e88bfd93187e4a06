"""The online state: one compiled walk over each lead's events in memory, equal to the batch build."""

from core.features.online.online import OnlineFeatures

__all__ = ["OnlineFeatures"]
