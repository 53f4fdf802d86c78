"""The running watch: sources in, the log, the engine, alerts out, and everything on the disk before it is told."""
