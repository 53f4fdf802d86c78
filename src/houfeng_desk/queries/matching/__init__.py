"""What the pages of matching read."""
