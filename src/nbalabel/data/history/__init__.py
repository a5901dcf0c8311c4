"""Versions and changes as tables for people: log, status and comparison.

In: versions and changes of a store.
Out: DataFrames and texts.
"""
