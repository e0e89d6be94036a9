"""Programs that read the tables of target-duckdb, each a command of the Meltano utility duckdb."""
