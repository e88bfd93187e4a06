"""Lists and memos for the world outside: spreadsheets, Parquet, Markdown and JSON."""
