"""Shared by several formats: JSON documents, columns of records, image files, the report.

In: bytes and JSON records.
Out: rows of tables; complete files; a WriteReport.
"""
