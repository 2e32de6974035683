"""What `goalcycle doctor` looks at, by place: this machine, the database, Temporal, and what lies behind the log."""
