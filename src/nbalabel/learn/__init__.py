"""Models and what is computed from them. Imports only ``core``; takes tables, returns tables and arrays."""
