"""``Gallery``: crops or images as tiles.

In: a table of a workspace.
Out: pictures of tiles, and a contact sheet without a kernel.
"""
