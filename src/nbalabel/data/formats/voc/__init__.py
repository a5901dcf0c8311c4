"""Pascal VOC folders, read and written.

In: one XML file of boxes per image, and pictures of labels and of objects.
Out: Tables, or a WriteReport.
"""
