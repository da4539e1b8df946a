"""What an official document IS: number and symbol, date, fields of its page, places on it, life cycle.

Pure values: no disk, no network, no clock. May import errors and locale only.
"""
