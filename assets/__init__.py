"""What the pipeline makes: thin Dagster assets, one file per stage of the flow; each reads, calls dgi, returns.
Not here: computing (dgi), what must be true of a table (checks), or how runs are started (pipelines)."""
