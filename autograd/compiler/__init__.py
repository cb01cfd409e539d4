"""A recorded program as machine code, and the way of a call into it."""
