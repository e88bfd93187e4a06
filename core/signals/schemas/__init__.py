"""Schemas of event types: declared properties with types, versions, and how an older version becomes a newer one."""
