"""Work done elsewhere: in other processes of this machine, or by the workers of a cluster.

In: a task that can be pickled, its arguments one by one, and where to run it; or a step, which is work on
many images, cut into parts.
Out: what each call returned, as they end; of a step one shard per part, in memory or in a folder. Calls of
workers that died are made again; what one session began another ends.
"""
