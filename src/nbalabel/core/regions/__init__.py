"""What is known about images: where everything is labeled, and where nobody knows what is there.

In: images with their states, and rows of ``regions``.
Out: masks of what is not known per label, for training; instances with such masks as crowds, for measuring.
"""
