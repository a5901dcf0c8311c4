"""How far several annotators agree, where they do not, and the Change that makes one opinion of many.

In: tables of several annotators, or one table whose rows say who drew them.
Out: agreement with intervals, disputed units, a Change of fused masks.
"""
