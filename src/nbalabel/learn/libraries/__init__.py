"""Control of other libraries: ultralytics without output, torch's threads asleep while they wait.

In: calls of ours.
Out: the library's modules, and nothing printed, sent or written.
"""
