"""A dataset folder as a whole: create it from tables, copy it, or replace it.

In: tables, or a folder.
Out: a complete folder, or none.
"""
