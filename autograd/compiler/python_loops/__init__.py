"""Python's own loops, recorded as loops of the program where what ends them is computed from Values.

Recording sees each trip of a `while` go by, and the comparison that ends it as one branch after the other. Where one is
met again in the same loop (`finding`), the function in which it stands is compiled once more from its source, with each
loop taken apart into functions for its body and its variables (`code`), and the recording begins anew. What is
recorded then is a `while_loop` (`running`); a loop that cannot be one is gone through as before, and what goes wrong
with it says why.
"""
