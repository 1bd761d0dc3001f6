"""From delivered text to sound responses, and how good the fieldwork was.
Not here: reading files (dgi.ingest), the design and its weights (dgi.survey), or the index."""
