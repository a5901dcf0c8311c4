"""The dataset folder: versions, snapshots, the journal and the settings.

In: changes and states.
Out: bytes that survive a crash, and the states read back from them.
"""
