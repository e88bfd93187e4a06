"""Approvals."""

from app.components import header

header.plain("Approvals")
