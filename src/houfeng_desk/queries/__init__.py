"""What pages and the API ask: one module per noun, free of HTML and of FastAPI."""
