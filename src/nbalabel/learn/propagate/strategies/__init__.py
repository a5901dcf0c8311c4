"""Search strategies: which cluster is asked about next, and what is accepted.

In: answers so far.
Out: the next question, or the accepted masks.
"""
