"""``Work``: the place of an annotator at a queue.

In: a queue.
Out: the Editor or the Review on one task after the other; answers, skips and decisions, in the queue.
"""
