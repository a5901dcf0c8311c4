"""What stands beside the picture of a view: attached files, a widget of the person's own, guidelines.

In: requests of a view's panel about one image.
Out: texts, pictures, layers, videos; the reference of a widget.
"""
