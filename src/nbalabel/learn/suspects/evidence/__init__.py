"""What speaks for and against a label, and for a prediction without label: columns of numbers.

In: labels (as they are, or with planted errors), predictions, looks of crops.
Out: one row of numbers per label and per unmatched prediction.
"""
