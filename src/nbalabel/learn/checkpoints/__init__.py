"""Files of weights made by strangers: found, downloaded, read without running code from them.

In: names and files.
Out: tensors and labels, or an error.
"""
