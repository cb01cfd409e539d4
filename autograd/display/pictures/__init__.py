"""A recorded graph as a picture, or as a tree in the terminal."""
