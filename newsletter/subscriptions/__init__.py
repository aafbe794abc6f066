"""Who subscribes to what: sign-up, consent, preferences, leaving, suppression."""
