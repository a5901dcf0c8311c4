"""The working copy: the journal of a session, undo and redo, and the frames handed out.

In: changes, and edits found in the frames.
Out: the current state, and frames in step with it.
"""
