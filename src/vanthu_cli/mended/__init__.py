"""Third-party libraries put right in one place: what they do too slowly, and until which version.

May import nothing of ours. Each module says what it replaces when it is imported; a test compares it with the original.
"""
