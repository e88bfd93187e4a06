"""Policy studio."""

from app.components import header

header.plain("Policy studio")
