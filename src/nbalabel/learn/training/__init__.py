"""What every training here shares: which images, how long, how large, when it ends.

In: labeled tables and what the user fixed.
Out: examples, schedules, sizes, progress.
"""
