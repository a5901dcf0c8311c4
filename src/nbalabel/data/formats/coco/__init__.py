"""COCO: instance files and results lists, read and written.

In: JSON files.
Out: Tables, or a WriteReport.
"""
