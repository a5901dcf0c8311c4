"""Read and write masks stored as image files: instance masks, label maps, semantic masks.

In: image files with integer pixels.
Out: Tables, or a WriteReport.
"""
