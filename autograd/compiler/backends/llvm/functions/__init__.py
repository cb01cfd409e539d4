"""Elementary functions as text of LLVM, for one sample or for lanes of them."""
