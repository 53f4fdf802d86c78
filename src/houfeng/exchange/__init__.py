"""Files people really send: read xlsx, xls, CSV, Parquet and JSON lines as they come; write workbooks."""
