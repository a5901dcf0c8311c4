"""Which labels are probably wrong, which are missing, and the Change that would mend them.

In: tables, predictions of a model that did not learn the images judged.
Out: one row per label and per prediction without label, ranked by the chance that something is wrong.
"""
