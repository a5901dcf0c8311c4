"""Datumaro's own JSON, read and written.

In: one JSON file per part of a dataset, with its items.
Out: Tables, or a WriteReport.
"""
