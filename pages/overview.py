"""Overview."""

from app.components import header

header.plain("Overview")
