"""Labelbox's NDJSON, read and written.

In: one JSON object per line, of an import or of an export.
Out: Tables, or a WriteReport.
"""
