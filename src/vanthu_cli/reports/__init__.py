"""Values to tables for a terminal; later books, statistics and pages.

May import register, validation and lower; never changes anything.
"""
