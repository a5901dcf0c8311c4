"""Packages for vendors and tools: what goes out, what came back, and what is different.

In: a dataset and the images to hand out, or a package that came back.
Out: a zip file and its record in the dataset, or a Delivery with a report and the Change that takes it.
"""
