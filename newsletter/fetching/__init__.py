"""Pages elsewhere, asked so that nobody can send us to machines that are not public."""
