"""Columns of masks and texts in pieces: left in their files until looked at, shared when others change.

In: Arrow arrays, and what checks them. Out: columns that pandas takes for its own.
"""
