"""NumPy's functions on Values and on arrays of them."""
