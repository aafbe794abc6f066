"""Logs: one line for every event, without addresses and without what opens a link."""
