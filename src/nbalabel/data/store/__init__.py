"""The dataset folder: versions, snapshots, the journal, and the facts beside them.

In: changes and states.
Out: bytes that survive a crash, and the states read back from them.
"""
