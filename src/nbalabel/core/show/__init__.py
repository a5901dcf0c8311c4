"""Static output: pictures with masks, charts as SVG, cards, and the display setting.

In: pixels, tables, numbers.
Out: Pillow images, SVG and HTML texts.
"""
