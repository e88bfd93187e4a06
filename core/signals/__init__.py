"""Signals: what happened. Files come in, are checked record by record, resolved to a lead, and stored once.

readers/ bring a file's records as they are; mapping and aliases say which column gives which field; event_rows,
lead_rows and outcome_rows make checked rows of them (in a worker); store_* write those inside one transaction;
service is what other rooms use. Times without a zone are UTC. A record that cannot be right waits in quarantine, its
raw form sealed. A lead known from events only is created at its first event, until a leads file says otherwise.
"""
