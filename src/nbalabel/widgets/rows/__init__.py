"""Shared code of all views of rows: columns, cells, orders, and actions on many rows.

In: requests of tables and galleries.
Out: cells, and Changes with their undo.
"""
