"""The history of a propagation: answers are applied, kept on disk, replayed and undone.

In: answers, in order.
Out: the state that they lead to.
"""
