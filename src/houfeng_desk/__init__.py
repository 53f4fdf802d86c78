"""The web desk and its REST API: where an officer sees, decides and signs. Nothing of `houfeng` imports it."""
