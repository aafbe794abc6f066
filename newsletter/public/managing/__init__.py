"""What readers change by a fresh link to their address."""
