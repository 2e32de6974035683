"""The cycle: one formal period with its phases, deadlines, participants and gates."""
