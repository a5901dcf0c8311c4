"""What a propagation knows: its inputs, answers and decisions, and its reviewers.

In: candidates and answers.
Out: arrays that strategies read.
"""
