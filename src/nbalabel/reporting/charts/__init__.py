"""Charts of a report as SVG: stacked bars, histograms, maps of centres, days, shares.

In: plain numbers and names.
Out: SVG texts, readable on light and dark pages.
"""
