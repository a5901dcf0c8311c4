"""What several formats share: JSON documents, columns of records, files beside labels, the report.

In: bytes and JSON records.
Out: rows of tables; files that are whole; a WriteReport.
"""
