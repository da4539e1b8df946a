"""What the law says, as dated profiles: who numbers what, which marks are secret, when paper goes along.

Pure functions over values and tables (profiles, holidays.toml). May import config and lower; reads its own tables and the file that
[office] rules_file names, nothing else.
"""
