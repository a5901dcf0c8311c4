"""Propagating an answer: which instances a question is about, and what is known of them.

In: a question in words, such as "sex=f", and tables.
Out: candidates with a claim each, what they look like, what is known, and the Change that writes answers.
"""
