"""The base layer: errors, geometry, the table schema and changes. It imports no other nbalabel package."""
