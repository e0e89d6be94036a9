"""A run as a whole: which environments there are, and how each stream ends."""
