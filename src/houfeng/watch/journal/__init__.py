"""The journal of the live watch: what came in, in one durable order, and what was said about it."""
