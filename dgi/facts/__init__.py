"""Every fact under data/ as a typed, checked table: units, questionnaires, surveys, sets. Pure.
Not here: reading the files (dgi.ingest.facts), answers (dgi.survey), or figures (dgi.index)."""
