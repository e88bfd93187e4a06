"""Drift."""

from app.components import header

header.plain("Drift")
