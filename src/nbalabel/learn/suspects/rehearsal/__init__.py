"""Errors planted into labels, to learn from them what errors look like.

In: instances, images.
Out: instances with planted errors, and which rows are wrong in which way.
"""
