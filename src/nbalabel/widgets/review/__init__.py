"""``Review``: one mask at a time, answered by key.

In: rows to judge.
Out: answers as Changes, and a summary per annotator.
"""
