"""What was decided about predictions, and which rows of two tables are the same mask.

In: predictions, and the tables of instances and rejected predictions.
Out: open, accepted or rejected for each prediction; which rows equal a row of another table.
"""
