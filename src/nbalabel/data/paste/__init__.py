"""Images made of others: instances cut out where they are trusted, pasted where everything is labeled.

In: tables with pictures, and what is asked for.
Out: image files, and one Change with their rows.
"""
