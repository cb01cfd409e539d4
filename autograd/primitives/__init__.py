"""The table: each operation, its value and its derivatives, once."""
