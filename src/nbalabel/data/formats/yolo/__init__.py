"""YOLO segmentation folders, read and written.

In: label files and ``data.yaml``.
Out: Tables, or a WriteReport.
"""
