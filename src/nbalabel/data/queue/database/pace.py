"""How long a lease lasts: numbers that both ways to hand out tasks need, in Python and in PostgreSQL."""

from __future__ import annotations

PACE = 5.0
"""A lease lasts so many times the annotator's own median active time for a task of that step."""

SHORTEST, LONGEST, AT_FIRST = 180.0, 4 * 3600.0, 1800.0
"""Bounds of a lease, and its length while fewer than ``KNOWN`` answers are known; seconds."""

KNOWN, LATELY = 5, 25
"""How many answers it takes to know a pace, and of how many of the last ones the median is."""
