"""Painted underwater scenes: what lives there, how it looks, and where it stands.

In: a seed and an index. Out: a :class:`~nbalabel.demo.underwater.scene.Frame`, pixels with the true masks.
"""
