"""Shared by all trainings: which images, their size, how long, and when to end.

In: labeled tables and the user's arguments.
Out: examples, schedules, sizes, progress.
"""
