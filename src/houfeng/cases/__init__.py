"""Cases: from a clue to close-out, one plan per enterprise and one file per matter (一企一策、一事一案)."""
