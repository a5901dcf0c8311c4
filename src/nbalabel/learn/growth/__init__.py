"""Which images to label next, and which seem to hold nothing.

In: a dataset's tables and a run.
Out: images to complete next, and why; images that seem to hold nothing.
"""
