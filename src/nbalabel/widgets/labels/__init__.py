"""The label list of every view in which a label is chosen.

In: requests of pickers.
Out: names, colors and counts of labels; Changes of the label list.
"""
