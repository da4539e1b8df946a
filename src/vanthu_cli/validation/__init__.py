"""Judges the signatures that are there: findings to verdict; trust.

Bytes, or files read in slices, in; values out. VALID needs positive evidence. May import rules and lower; never signs, never stores.
"""
