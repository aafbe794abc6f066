"""Whole audiences at once: reading them from files, writing them to files."""
