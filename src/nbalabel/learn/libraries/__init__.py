"""Outside libraries held in check: ultralytics without its voice, torch's threads asleep.

In: calls of ours.
Out: the library's modules, and nothing printed, sent or written.
"""
