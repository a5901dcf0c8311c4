"""The database of a queue: SQLite in the dataset's folder, or PostgreSQL.

In: statements written for both.
Out: rows; transactions that are kept or taken back as a whole.
"""
