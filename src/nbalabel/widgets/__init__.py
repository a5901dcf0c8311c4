"""The views of a workspace, for Jupyter: a thin layer over pandas and the browser's half in ``js/``."""
