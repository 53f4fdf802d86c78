"""A model as it is kept: a card of bins, weights and points, its challenger, its figures, its page, its pack."""
