"""What to do in the next minutes, and what it is expected to bring.

In: a dataset's tables and a run; seconds that answers and edits took, from the log and the journals.
Out: a Plan: per kind of work the rows, the time, the expected gain with its interval.
"""
