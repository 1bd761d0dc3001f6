"""What analysts read: the warehouse, its tables from data/tables/columns.csv, and its views.
Not here: how a figure is computed (dgi), or when tables are loaded (assets.warehouse)."""
