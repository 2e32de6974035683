"""Backup and restore of the log and its keyring: the two things that nothing else can give back."""
