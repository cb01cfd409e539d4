"""numpy.einsum: sums of products that a text names axis by axis, as products of two arrays from left to right."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from autograd.arrays.products import Labels, diagonal, operand, product_of, summed
from autograd.arrays.reductions import filled
from autograd.errors import ShapeError

_DOTS = "..."


def einsum(*operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None, **options: Any) -> Any:
    """numpy.einsum: an axis is summed over as soon as no later operand and not the result has it."""
    if dtype is not None and sys.modules["numpy"].dtype(dtype) not in (float, object):
        raise TypeError(f"numpy.einsum with dtype={dtype}: a Value is a float of 64 bits, and stays one")
    arrays, terms, result = _read(operands)
    terms = [_spread(term, array, place) for place, (term, array) in enumerate(zip(terms, arrays))]
    result = _result(terms, result)
    _require_sizes(arrays, terms)
    product, labels = _single(arrays[0], terms[0], {*result, *sum(terms[1:], [])})
    for place in range(1, len(arrays)):
        later = {*result, *sum(terms[place + 1 :], [])}
        right, of_right = _single(arrays[place], terms[place], {*labels, *later})
        kept = [label for label in dict.fromkeys((*labels, *of_right)) if label in later]
        product, labels = product_of(product, labels, right, of_right, kept), kept
    order = [labels.index(label) for label in result]
    if order != sorted(order):
        product = product.transpose(order)
        if len(arrays) > 1 or len(labels) < len({*terms[0]}):  # else it is a part of the array, as NumPy's
            product = product.copy()
    return filled(out, product)


def _read(operands: tuple[Any, ...]) -> tuple[list[Any], list[Labels], Labels | None]:
    """The arrays, the labels of each with dots among them, and those of the result where they are given."""
    if not operands:
        raise ValueError("numpy.einsum takes subscripts and at least one array")
    if not isinstance(operands[0], str):
        arrays = [operand(item) for item in operands[: len(operands) // 2 * 2 : 2]]
        terms = [_listed(item) for item in operands[1::2]]
        return arrays, terms, _listed(operands[-1]) if len(operands) % 2 else None
    text, arrow, after = operands[0].replace(" ", "").partition("->")
    terms = [_letters(term) for term in text.split(",")]
    arrays = [operand(item) for item in operands[1:]]
    if len(arrays) != len(terms):
        raise ValueError(f"numpy.einsum: the subscripts {operands[0]!r} are for {len(terms)} arrays, not {len(arrays)}")
    return arrays, terms, _letters(after) if arrow else None


def _listed(term: Any) -> Labels:
    labels = [_DOTS if label is Ellipsis else label for label in term]
    if not all(label == _DOTS or isinstance(label, int) for label in labels):
        raise TypeError(f"numpy.einsum: subscripts in a list are whole numbers or Ellipsis, not {term!r:.60}")
    return labels


def _letters(term: str) -> Labels:
    before, dots, after = term.partition(_DOTS)
    if not (before + after).replace(" ", "").isalpha() and before + after:
        raise ValueError(f"numpy.einsum: {term!r} is no text of letters, with one ellipsis at most")
    return [*before, _DOTS, *after] if dots else [*before]


def _spread(term: Labels, array: Any, place: int) -> Labels:
    """The labels of an array's axes, with -1, -2, … from the right for those that the dots stand for."""
    more = array.ndim - (len(term) - term.count(_DOTS))
    if more < 0 or term.count(_DOTS) > 1 or (more and _DOTS not in term):
        shown = "".join(map(str, term))
        raise ShapeError(f"numpy.einsum: operand {place} has shape {array.shape}, and the subscripts {shown!r}")
    dots = [(_DOTS, -i) for i in range(more, 0, -1)]
    at = term.index(_DOTS) if _DOTS in term else 0
    return [*term[:at], *dots, *term[at + 1 :]] if _DOTS in term else term


def _result(terms: list[Labels], given: Labels | None) -> Labels:
    """The labels of the result; where none are given the dots, and in order those that are there once."""
    count = Counter(sum(terms, []))
    dots = sorted((label for label in count if isinstance(label, tuple)), key=lambda label: label[1])
    if given is None:
        return dots + sorted(label for label in count if label not in dots and count[label] == 1)
    result = [label for part in given for label in (dots if part == _DOTS else [part])]
    for label in result:
        if label not in count or result.count(label) > 1:
            raise ValueError(f"numpy.einsum: the result's subscript {label!r} is in no operand, or there twice")
    if dots and _DOTS not in given:
        raise ValueError("numpy.einsum: operands have axes under an ellipsis, and the result's subscripts have none")
    return result


def _require_sizes(arrays: list[Any], terms: list[Labels]) -> None:
    sizes: dict[Any, int] = {}
    for array, term in zip(arrays, terms):
        for label, size in zip(term, array.shape):
            if sizes.setdefault(label, size) != size:
                if 1 not in (size, sizes[label]):
                    shapes = " ".join(str(each.shape) for each in arrays)
                    shown = _DOTS if isinstance(label, tuple) else label
                    raise ShapeError(
                        f"numpy.einsum: operands of shapes {shapes} do not fit together: {shown!r} has length "
                        f"{sizes[label]} and {size}"
                    )
                sizes[label] = max(size, sizes[label])


def _single(x: Any, labels: Labels, kept: Any) -> tuple[Any, Labels]:
    """An array by itself: a label that is there twice means a diagonal, and one that nothing else has a sum."""
    for label in [label for label, count in Counter(labels).items() if count > 1]:
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ShapeError(f"numpy.einsum: a diagonal of lengths {x.shape[first]} and {x.shape[second]}")
            x = diagonal(x, 0, first, second)
            labels = [*(each for i, each in enumerate(labels) if i not in (first, second)), label]
    return summed(x, labels, kept)
