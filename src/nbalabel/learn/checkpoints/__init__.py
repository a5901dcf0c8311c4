"""Weights files from untrusted sources: found, downloaded, and read without running code from them.

In: names and files.
Out: tensors and labels, or an error.
"""
