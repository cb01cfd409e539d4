"""A function as a program: what is recorded of it, in which form, and how that is simplified."""
