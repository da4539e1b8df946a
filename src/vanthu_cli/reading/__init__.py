"""A PDF's pages to values: fields with confidence, secrecy and urgency marks, places for number and seal.

Bytes in, values out (pypdfium2). May import rules and lower; never signs, judges, stores or prints.
"""
