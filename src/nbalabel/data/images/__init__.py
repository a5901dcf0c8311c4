"""Image files: where they may lie, their pixels, a cache of them, and pictures from the network.

In: names in the table of images.
Out: Pillow images, or an error that names the file.
"""
