"""Versions and changes as tables for people: the log, the status, what differs.

In: versions and changes of a store.
Out: DataFrames and texts.
"""
