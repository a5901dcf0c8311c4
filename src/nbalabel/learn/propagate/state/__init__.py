"""The state of a propagation: its inputs, answers, decisions and reviewers.

In: candidates and answers.
Out: arrays that strategies read.
"""
