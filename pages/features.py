"""Features."""

from app.components import header

header.plain("Features")
