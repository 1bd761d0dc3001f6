"""The library: everything that does not know Dagster. Importable on its own.
Not here: assets, checks, wiring, SQL; those import this package, never the other way round."""
