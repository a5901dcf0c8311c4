"""Edits as pure functions: cells, masks, acceptance, answers, states of images, reverts.

In: a state and what is wanted.
Out: one Change, or an error; nothing is written here.
"""
