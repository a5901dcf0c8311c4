"""``Viewer`` and ``Editor``: one image with its instances and predictions.

In: an image of a workspace.
Out: its masks, and decisions about them.
"""
