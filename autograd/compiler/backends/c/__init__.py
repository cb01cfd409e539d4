"""A graph as one file of C99."""
