"""How good each predicted mask probably is, learned from labeled images; agreement under flips.

In: predictions, instances, embeddings.
Out: a predicted IoU per row.
"""
