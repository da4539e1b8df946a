"""Ways in and out: mail (IMAP and SMTP), and the MIME form of what travels on them.

May import rules and lower; never touches the register, never decides what happens to a message.
"""
