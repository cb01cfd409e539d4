"""The node and its passes: what records a computation, and what carries derivatives through it."""
