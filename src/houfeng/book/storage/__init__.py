"""What the store stands on: tables of Parquet files, the lock, the list of submissions, the rules of their order."""
