"""Image files: safe paths, pixels, a cache, and downloads.

In: names in the table of images.
Out: pixels, or an error that names the file.
"""
