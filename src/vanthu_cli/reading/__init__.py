"""A PDF's pages to values: fields, marks of secrecy and urgency, places for number, signature and seal, scan or not.

Bytes or a path in, values out (pypdfium2); `look` asks everything at once. May import rules and lower; never signs,
judges, stores or prints.
"""
