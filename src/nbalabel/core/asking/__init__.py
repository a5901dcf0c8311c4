"""Attributes and rows together: which rows each attribute is asked of.

In: an ontology, and tables.
Out: who is asked, who has answered, whose answer is hidden.
"""
