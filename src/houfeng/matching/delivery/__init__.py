"""Policy that finds the firm: lists, the chain from document to money, one-time links, statistics without persons."""
