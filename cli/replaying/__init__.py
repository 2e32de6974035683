"""A plan's or goal's history in plain words, and its state as of any moment."""
