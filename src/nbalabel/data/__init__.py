"""Datasets on disk: versions, journal, images and file formats. It imports only ``core``."""
