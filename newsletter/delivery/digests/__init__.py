"""Digests: one mail a week or a month instead of every issue, for whoever wants less mail.

A digest is a row of `issue` with a number below zero, and a run in the ledger like any other.
"""
