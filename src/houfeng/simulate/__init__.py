"""A synthetic province that looks like Henan, for demos, tests and load. Nothing in it is real; all of it says so."""
