"""`houfeng platform`: one file per group of commands."""
