"""What analysts read: the warehouse, its tables made from data/tables/columns.csv, and the views over them.
Not here: how a figure is computed (dgi), or when tables are loaded (assets.warehouse)."""
