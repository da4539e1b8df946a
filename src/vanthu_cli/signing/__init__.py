"""Creates signatures: keys (PKCS#12, PKCS#11), appearances, PAdES.

Bytes in, bytes out (pyHanko). May import rules and lower; never overwrites an input, never asks for a PIN twice.
"""
