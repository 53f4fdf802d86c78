"""Models of default and the scores they give firms, for pages and programs."""
