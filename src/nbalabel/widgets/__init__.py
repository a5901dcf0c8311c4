"""The views of a workspace, for Jupyter: a thin layer between pandas and the browser code in ``js/``."""
