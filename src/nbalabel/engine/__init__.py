"""Work done elsewhere: in other processes of this machine, or by the workers of a cluster.

In: a task that can be pickled, its arguments one by one, and where to run it.
Out: what each call returned, as they end; calls of workers that died are made again.
"""
