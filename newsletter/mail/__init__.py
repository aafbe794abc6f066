"""Mail: facts to MIME, the wire to the relay, the outbox of transactional mail."""
