"""The form in which questions are answered, and the definition of a label beside the picture.

In: requests about rows, and answers to attributes.
Out: the questions that are asked of these rows now, crops of examples, and Changes.
"""
