"""What everything else stands on: errors, geometry, the table schema, changes. Imports nothing of ours."""
