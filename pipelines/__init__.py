"""How it runs: definitions, partitions, storage, freshness, jobs, schedules, yearly refresh.
Not here: what is computed (dgi), what is made of it (assets), or what must be true (checks)."""
