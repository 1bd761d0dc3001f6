"""What the pipeline makes: thin Dagster assets, one file per stage; each reads, calls dgi, returns.
Not here: computing (dgi), what must be true of a table (checks), how runs start (pipelines)."""
