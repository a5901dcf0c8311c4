"""``Dataset``, the folder that people edit, with its tables and versions; ``Version`` and ``join``.

In: a folder, or tables and edits of a user.
Out: frames, Changes and versions.
"""
