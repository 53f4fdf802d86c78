"""Contagion: what falls with a bank or a firm, through claims between banks and through guarantees."""
