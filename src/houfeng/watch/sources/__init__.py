"""Where events come from: what a source hands over, how it is read, and what is let in."""
