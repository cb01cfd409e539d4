"""Whole arrays in a recording: each is one node.

- `whole`, `along`, `places`: what moves elements, combines them along an axis, finds them at computed places;
- `seen`: the array that a function sees of a node; `nodes`: the way there, and the node of what it gives;
- `methods`: the class of arrays that it sees; `indexing` and `reductions`, what is in square brackets and along axes,
  `moving`, its parts and its copies;
- `asked`: what NumPy asks of such arrays;
- `derivatives` and `rules`: derivatives of arrays, and how operations on arrays are differentiated.
"""

from autograd.arrays.array import ArrayMethods
from autograd.program.tracing.arrays.asked import OnArrays
from autograd.program.tracing.arrays.methods import only_of_recordings
from autograd.program.tracing.arrays.nodes import as_number, holds_array, listed, node_of, numbers_in, packed, shown
from autograd.program.tracing.trace import Trace
from autograd.program.tracing.traced import Traced

Trace.arrays = OnArrays
Traced._elementwise = staticmethod(OnArrays.elementwise)
ArrayMethods._elementwise = only_of_recordings("_elementwise", staticmethod(OnArrays.elementwise))
Traced._view_of_array = staticmethod(lambda array: shown(node_of(array)))

__all__ = ["as_number", "holds_array", "listed", "node_of", "numbers_in", "packed", "shown"]
