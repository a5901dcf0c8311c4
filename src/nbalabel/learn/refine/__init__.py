"""Masks made sharper: outlines that a model drew too coarsely, moved to where the picture changes.

In: a Run and its pictures. Out: a Run whose masks are replaced where the other one is predicted to be better.
"""
