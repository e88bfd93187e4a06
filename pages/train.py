"""Train."""

from app.components import header

header.plain("Train")
