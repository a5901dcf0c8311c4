"""How a view talks to its browser code: requests, bundles, static output, boxes.

In: messages of a page, which may hold anything.
Out: replies, or errors as text.
"""
