"""Columns of tables in files: as Arrow and back, and masks and texts that stay in their files.

In: columns of any dtype that can be stored; Arrow arrays that were read from files, which may be damaged.
Out: Arrow batches that say what each column was; the same columns again, or an error.
"""
