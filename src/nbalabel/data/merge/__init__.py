"""Two writers on one version: merged where they agree, a named conflict where they do not.

In: two changes of one state.
Out: the change that leads to both, or a ConflictError.
"""
