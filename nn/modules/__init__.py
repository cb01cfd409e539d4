"""Modules: anything with parameters, and how it is described."""
