"""Reading cases for pages: the list and the board, one case whole, figures over many."""
