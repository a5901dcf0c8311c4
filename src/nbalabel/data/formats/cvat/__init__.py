"""CVAT for images 1.1, read and written.

In: one XML file with all images, their shapes and attributes.
Out: Tables, or a WriteReport.
"""
