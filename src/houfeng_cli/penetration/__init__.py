"""`houfeng penetration`: one file per group of commands."""
