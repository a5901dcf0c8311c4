"""``Dataset``, the folder people work on: its tables, edits, versions; ``Version`` and ``join``.

In: a folder, or tables and edits of a user.
Out: frames that follow edits, Changes, versions.
"""
