"""The engine: who gets an issue, what went onto the wire, what came of it."""
