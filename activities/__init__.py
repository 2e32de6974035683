"""What a workflow asks of the world: read an agenda, perform a duty."""
