"""Which of NumPy's functions are right on arrays of Values as NumPy has written them.

They move elements, or combine them by operators and ufuncs, which are ours; none compares elements or turns them into
floats. What is not on this list and not in `choices` is refused.
"""

from __future__ import annotations

_NUMPY = """
append apply_along_axis array2string array_repr array_split array_str astype atleast_1d atleast_2d atleast_3d block
broadcast_arrays broadcast_to column_stack compress concat concatenate copy copyto delete diag diagflat diagonal dsplit
dstack empty_like expand_dims extract fill_diagonal flip fliplr flipud full_like hsplit hstack insert matrix_transpose
may_share_memory meshgrid moveaxis ndim permute_dims place put put_along_axis putmask ravel repeat reshape resize
result_type roll rollaxis rot90 shape shares_memory size split squeeze stack swapaxes tile transpose tril triu
unstack vsplit vstack iscomplexobj isrealobj real

all any argwhere count_nonzero flatnonzero nonzero isneginf isposinf

amax amin clip cumprod cumsum cumulative_prod cumulative_sum diff ediff1d
einsum_path linspace max mean min polyval prod ptp std sum trace trapezoid trapz
var
"""
_LINALG = "cross diagonal matmul matrix_transpose multi_dot trace vecdot vector_norm"

THEIRS = frozenset(f"numpy.{name}" for name in _NUMPY.split()) | {f"numpy.linalg.{name}" for name in _LINALG.split()}

# What to do instead, where a function is refused.
UNSUITED = {
    "interp": "choose between the pieces with autograd.where",
    "piecewise": "compute each piece and choose with numpy.where or numpy.select",
    "searchsorted": "compare with autograd.less and choose with autograd.where",
    "digitize": "compare with autograd.less and choose with autograd.where",
    "apply_over_axes": "call the function for each axis",
    "solve": "autograd.custom_root differentiates the solution of any equations",
}
