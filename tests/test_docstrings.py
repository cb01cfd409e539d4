"""The examples in the methods of public classes, which say that they are of the package, where doctest does not look.

`pytest --doctest-modules` runs all other docstrings' examples.
"""

import doctest
import inspect

import pytest

import autograd
import nn


def methods_with_examples():
    for package in (autograd, nn):
        for name in package.__all__:
            item = getattr(package, name)
            for method in vars(item).values() if inspect.isclass(item) else ():
                method = getattr(method, "fget", method)  # a property's
                if inspect.isfunction(method) and ">>>" in (method.__doc__ or ""):
                    yield f"{package.__name__}.{method.__qualname__}", method


METHODS = dict(methods_with_examples())


def test_the_methods_are_found():
    assert {"autograd.Value.backward", "nn.Module.state_dict", "nn.Optimizer.update"} <= METHODS.keys()


@pytest.mark.parametrize("name", METHODS)
def test_the_example_of_a_method_prints_what_it_says(name):
    method = METHODS[name]
    test = doctest.DocTestParser().get_doctest(method.__doc__, dict(inspect.unwrap(method).__globals__), name, None, 0)
    assert test.examples
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not report, "".join(report)
