"""The shipped policy with what evolves on the way: caps on touches and hours, and steps for leads nobody takes up."""

OTHERWISE = "  otherwise: wait\n"
POOL = "sdr.priority:    {capacity: unbounded,"


def capped(text, caps='{per_lead_7d: 2, per_account_7d: 8, quiet_hours: "20:00-08:00 lead_tz"}'):
    assert OTHERWISE in text
    return text.replace(OTHERWISE, f"{OTHERWISE}  caps: {caps}\n", 1)


def late(text, clock="wall", steps="{after: 1.0, do: reassign_fallback}, {after: 9.0, do: escalate}"):
    """Nobody takes the lead up: it goes to the next pool, since the first one can be full."""
    assert POOL in text
    text = text.replace(POOL, "sdr.priority:    {capacity: {per_rep_open: 99},")
    return text.replace("actions:\n", f"sla: {{clock: {clock}, on_breach: [{steps}]}}\nactions:\n", 1)
