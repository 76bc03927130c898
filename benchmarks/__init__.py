"""Benchmarks: they inform, and never fail a build. README.md says how to run them."""
