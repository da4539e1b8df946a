"""Creates signatures: keys (PKCS#12, PKCS#11, CSC), appearances, PAdES up to B-LTA, CMS, S/MIME, XAdES, evidence against revocation.

Streams in, signed at their end (pyHanko, endesive). May import config and lower; never opens a file that it could overwrite,
never tries a PIN twice, never asks a host that it was not given.
"""
