"""The live watch: the rules of a pack over events as they come."""
