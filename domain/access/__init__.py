"""Who may do what, and see what (R8): one pure function over facts from the log, never over a token's claims."""
