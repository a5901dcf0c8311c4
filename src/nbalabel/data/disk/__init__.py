"""The operating system: whole writes, locks, signals, and what it refuses, in words.

In: bytes and paths.
Out: files that are whole or absent.
"""
