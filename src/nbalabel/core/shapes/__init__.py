"""Shape and place of instances and predictions as columns, computed when asked for.

In: rows with masks, their images, for some columns the pictures.
Out: columns, kept until a mask changes.
"""
