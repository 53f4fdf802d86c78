"""`houfeng demo`: the main job in one command, and what fills the pages of its desk."""
