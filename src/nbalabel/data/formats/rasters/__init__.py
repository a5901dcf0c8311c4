"""Masks kept as image files: instance masks, label maps, semantic masks; read and written.

In: image files of whole numbers.
Out: Tables, or a WriteReport.
"""
