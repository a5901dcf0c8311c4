"""Merge the work of two writers on one version: a three-way merge, or a ConflictError that names the rows.

In: two changes of one state.
Out: one side rebased onto the other, or a ConflictError.
"""
