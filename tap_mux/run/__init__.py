"""A run as a whole: environments, lanes, progress, and how each stream ends."""
