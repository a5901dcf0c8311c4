"""How good each predicted mask probably is, learned from labeled images; agreement under flips.

In: predictions, labels, embeddings.
Out: a predicted IoU per row.
"""
