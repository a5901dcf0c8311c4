"""Editing masks from the browser: strokes, operations on masks, drafts of Changes.

In: masks and keys of an Editor.
Out: one Change per gesture.
"""
