"""Belongs here: files out. Declared sheets, tables and charts, and the reports built from them.
Does not belong here: computing a score (dgi.index), reading a file (dgi.ingest), Dagster."""
