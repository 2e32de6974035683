"""The HTTP API: authenticate, parse, hand to the command handler, render. It decides nothing itself."""
