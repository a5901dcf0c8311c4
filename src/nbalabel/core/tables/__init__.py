"""The tables of a dataset: columns, validation, and the immutable State of all tables.

In: DataFrames, and values as people write them: masks as arrays or COCO objects, names, paths.
Out: frames in the schema's dtypes, or an error that names the rows.
"""
