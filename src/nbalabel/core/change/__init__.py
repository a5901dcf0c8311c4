"""Changes: what was created, updated and deleted in the tables, as immutable values with an algebra.

In: states of the tables.
Out: changes, and the states that result from them.
"""
