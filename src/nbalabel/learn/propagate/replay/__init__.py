"""The course of a propagation: told, kept on disk, replayed, taken back.

In: answers, one after the other.
Out: the state they lead to.
"""
