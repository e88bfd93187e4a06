"""Data."""

from app.components import header

header.plain("Data")
