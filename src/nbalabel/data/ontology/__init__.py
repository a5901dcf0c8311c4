"""The ontology at work: who is asked what, which answers are missing, and the edits of labels and attributes.

In: states, and declarations of a user.
Out: Changes, proposals that list the rows they touch, and tables of missing or hidden answers.
"""
