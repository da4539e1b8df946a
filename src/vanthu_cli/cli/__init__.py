"""One file per command: parse, call one procedure, show, exit. app.py has the only `except`.

May import everything; holds no rule and no order of effects.
"""
