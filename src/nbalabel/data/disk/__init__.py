"""The operating system: atomic writes, locks, signals, and explained errors.

In: bytes and paths.
Out: files that are complete or absent.
"""
