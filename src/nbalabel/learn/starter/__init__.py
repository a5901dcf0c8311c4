"""Starting weights where no pretrained ones are available: a network trained on generated scenes.

``scenes`` draws pictures of many objects with their masks; ``make`` trains on them and writes the weights.
"""
