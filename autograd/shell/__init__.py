"""What is typed, read and answered: the shell of an expression."""
