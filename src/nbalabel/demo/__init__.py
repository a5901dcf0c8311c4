"""The generated dataset that the demo, the docs and the tests use."""
