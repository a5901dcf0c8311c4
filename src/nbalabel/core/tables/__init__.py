"""The tables of a dataset: their columns, what makes a row valid, and a state of all of them.

In: DataFrames, and values as people write them: masks as arrays or COCO objects, names, paths.
Out: frames in the schema's dtypes, or an error that names the row.
"""
