"""A whole practice office on this machine: PKI, time stamping, mail servers, sample documents, one day's story.

May import procedures and lower; needs the extra `demo`.
"""
