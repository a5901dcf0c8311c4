"""Certificates of a dataset: kept in its folder, and compared with the rows as they are now.

In: a `core.certificate.Certificate`; the tables.
Out: a table of certificates, each with whether its rows have changed since.
"""
