"""A dataset folder as a whole: made from tables, copied, put in the place of another.

In: tables, or a folder.
Out: a folder that is whole, or none.
"""
