"""The book (SQLite) and the cabinet (files named by SHA-256). Every SQL statement of the program is here.

May import rules and lower; never opens a socket, never reads a PDF.
"""
