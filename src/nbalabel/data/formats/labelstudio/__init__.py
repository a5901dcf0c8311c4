"""Label Studio's JSON, read and written.

In: one JSON file with all tasks.
Out: Tables, or a WriteReport.
"""
