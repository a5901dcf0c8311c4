"""How a view talks to its browser half: requests, bundles, static output, boxes.

In: messages of a page, which may say anything.
Out: replies, or errors in words.
"""
