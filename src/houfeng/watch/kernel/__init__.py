"""The window kernel: every windowed indicator of a pack, for every key, in memory, exact whatever the batches."""
