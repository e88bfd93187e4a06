"""Explain."""

from app.components import header

header.plain("Explain")
