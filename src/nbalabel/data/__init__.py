"""Datasets on disk: versions, journal, images and file formats. Imports only ``core``."""
