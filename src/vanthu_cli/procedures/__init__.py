"""One procedure of clerical work (văn thư) per file: the only place that knows the ORDER of effects.

May import everything but sandbox and cli; never prints, never reads the environment.
"""
