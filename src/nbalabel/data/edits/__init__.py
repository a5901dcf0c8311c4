"""Edits as pure functions: cells, masks, acceptance, answers, states of images, reverts.

In: a state and the requested edit.
Out: one Change, or an error; nothing is written to disk.
"""
