"""The ground floor: errors, time, settings, the one database, the ledger, keys and the expression language."""
