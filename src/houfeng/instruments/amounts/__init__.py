"""How much an instrument pays: counted time, points, ceilings and rounding, all in whole fen."""
