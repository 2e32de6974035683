"""The log: the only truth. Everything else can be lost and rebuilt from it."""
