"""The plan: the goals of one owner for one cycle; what is negotiated, signed, tracked and reviewed as a whole."""
