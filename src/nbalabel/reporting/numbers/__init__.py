"""The numbers of a report as tables: pure functions, one subject a file.

In: tables, logs, runs.
Out: DataFrames.
"""
