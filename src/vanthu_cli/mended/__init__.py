"""Third-party libraries put right in one place: what they do too slowly or wrongly, and until which version.

May import nothing of ours. Each module says what it replaces; a test compares it with the original.
"""
