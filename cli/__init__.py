"""The `goalcycle` command, the local stack, and the one composition root."""
