"""What the law says, as dated profiles: who numbers what, which marks are secret, when paper goes along.

Pure functions over values, plus data files. May import config and lower; never touches disk or network at run time.
"""
