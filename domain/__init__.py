"""What a goal cycle is: pure functions over frozen models. No I/O, no clock, no randomness."""
