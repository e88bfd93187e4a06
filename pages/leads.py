"""Leads."""

from app.components import header

header.plain("Leads")
