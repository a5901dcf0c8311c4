"""The proof: of all accepted masks at least a target share is right, with probability 1 - alpha.

In: answers about masks drawn at random.
Out: which masks to draw next, and whether the statement holds.
"""
