"""Files shown beside images: which are allowed, where they lie, what is in them.

In: files of a person, rows of the table of attachments.
Out: names for that table, copies in the dataset's folder, and contents, or an error that names the file.
"""
