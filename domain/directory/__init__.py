"""The directory: an organization's people, teams, reporting lines and roles. One stream an organization."""
