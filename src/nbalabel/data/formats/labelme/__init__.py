"""LabelMe folders, read and written.

In: one JSON file per image.
Out: Tables, or a WriteReport.
"""
