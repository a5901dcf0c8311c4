"""The queue of a team: tasks handed out with leases, answers kept, reviewed and collected.

In: rows of a dataset or of a run, and what annotators answer.
Out: tasks, the answers as Changes, and numbers about the people. The store is SQLite or PostgreSQL.
"""
