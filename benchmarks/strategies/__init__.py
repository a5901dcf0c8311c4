"""Search strategies that are only compared with, given to `nbalabel.Propagation` as classes.

They keep to `nbalabel.learn.propagate.strategies.protocol.Strategy`, as a strategy of one's own would.
"""
