"""Lead 360."""

from app.components import header

header.plain("Lead 360")
