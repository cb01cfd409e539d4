"""What runs a graph: the interpreter, which is the reference, LLVM's machine code, and C99 for export."""
