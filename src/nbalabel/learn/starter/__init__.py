"""Weights to start from where no pretrained ones can be had: generated scenes, and a network trained on them.

``scenes`` draws pictures of many things with their masks; ``make`` trains on them and writes the weights.
"""
