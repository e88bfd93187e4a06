"""The recipe: one file from raw data to decisions, and its runner."""
