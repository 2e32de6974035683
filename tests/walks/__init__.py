"""Random walks through a whole organization, and what must be true along each of them."""
