"""`config.toml` to frozen dataclasses (settings), found and judged only when it changed (load); secrets (secrets).

May import document, errors and locale. Nothing else in the program reads the environment, but locale for its language.
"""
