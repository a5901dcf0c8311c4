"""Search strategies for comparison only, passed to `nbalabel.Propagation` as classes.

They implement `nbalabel.learn.propagate.strategies.protocol.Strategy`, as a user's own strategy would.
"""
