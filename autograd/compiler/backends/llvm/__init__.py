"""A graph as machine code, through LLVM."""
