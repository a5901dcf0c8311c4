"""The page of a report: its sections, pictures and style.

In: numbers, and pictures as JPEG texts.
Out: HTML without scripts: a part of a notebook, or a whole file.
"""
