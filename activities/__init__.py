"""What a workflow asks of the world: perform what is due, and tell what is owed next."""
