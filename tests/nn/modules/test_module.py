"""Module: what it holds, its state, its modes, and how it looks."""

from __future__ import annotations

import copy
import pickle
import re
from collections import namedtuple

import numpy as np
import pytest

import autograd
from autograd import AutogradError, Value, checkpoint, fori_loop, grad, hessian, jacfwd, jit, jvp, scan, tanh, vmap
from nn.errors import StateError
from nn.losses import mean_squared_error
from nn.modules.activations import Tanh
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.layers import MLP, Neuron
from nn.modules.linear import Linear
from nn.modules.module import Module, functional_call
from nn.optimizers.optimizers import SGD
from nn.training.fit import fit

Pair = namedtuple("Pair", "left right")


class Whole(Module):
    def __init__(self):
        self.scale = Value(2.0)
        self.first = Linear(2, 1)
        self.others = [Tanh(), (Dropout(0.5), {"last": Sequential(Tanh(), self.first)})]
        self.again = self.first


def test_children_and_modules_are_found_in_containers_each_once():
    whole = Whole()
    assert [path for path, _ in whole.named_children()] == ["first", "others.0", "others.1.0", "others.1.1.last"]
    paths = ["", "first", "others.0", "others.1.0", "others.1.1.last", "others.1.1.last.0"]
    assert [path for path, _ in whole.named_modules()] == paths
    assert whole.modules()[1] is whole.first
    assert whole.children() == [whole.first, whole.others[0], whole.others[1][0], whole.others[1][1]["last"]]
    paths = ["scale", "first.weight.0.0", "first.weight.0.1", "first.bias.0"]
    assert [path for path, _ in whole.named_parameters()] == paths


def test_apply_visits_what_is_inside_first_and_returns_the_module():
    visited = []
    model = Sequential(Sequential(Linear(1, 1), Tanh()), Dropout())
    assert model.apply(visited.append) is model
    assert visited == [model[0][0], model[0][1], model[0], model[1], model]


def test_train_and_eval_reach_every_module():
    whole = Whole()
    assert all(module.training for module in whole.modules())
    assert whole.eval() is whole
    assert not any(module.training for module in whole.modules())
    whole.others[1][0].train()
    assert [module.training for module in whole.modules()].count(True) == 1
    assert whole.train() is whole
    assert all(module.training for module in whole.modules())


def test_a_call_runs_forward_and_a_module_without_one_says_so():
    class Line(Module):
        def forward(self, x, offset=0.0):
            return 2.0 * x + offset

    assert Line()(3.0, offset=1.0) == 7.0
    with pytest.raises(TypeError, match="neither forward nor __call__"):
        Module()(1.0)


def test_a_repr_is_nested_as_pytorchs_is():
    assert repr(Module()) == "Module()"
    assert repr(Sequential(Linear(2, 3, bias=False), Sequential(Dropout(0.25)), MLP(3, [1]))) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=False)\n"
        "  (1): Sequential(\n"
        "    (0): Dropout(p=0.25)\n"
        "  )\n"
        "  (2): MLP of [Layer of [LinearNeuron(3)]]\n"
        ")"
    )


def test_a_module_that_holds_its_holder_is_walked_once():
    class Part(Module):
        def __init__(self, holder):
            self.holder, self.all, self.w = holder, [holder], Value(3.0)
            self.all.append(self.all)

    class Holder(Module):
        def __init__(self):
            self.part = Part(self)

        def forward(self, x):
            return self.part.w * x

    holder = Holder()
    assert [path for path, _ in holder.named_parameters()] == ["part.w"]
    assert [path for path, _ in holder.named_modules()] == ["", "part"]
    assert "(…)" in repr(holder)
    holder.apply(lambda module: None)
    assert functional_call(holder, {"part.w": 5.0}, 2.0) == 10.0
    assert holder(2.0).data == 6.0


def test_functional_call_reaches_named_tuples_and_puts_everything_back():
    class Line(Module):
        def __init__(self):
            self.pair = Pair(Value(2.0), [Value(1.0)])

        def forward(self, x):
            return self.pair.left * x + self.pair.right[0]

    line = Line()
    before = line.pair
    slope = grad(lambda w: functional_call(line, {"pair.0": w, "pair.1.0": 4.0}, 3.0))
    assert slope(5.0) == 3.0
    assert line.pair is before
    assert line(3.0).data == 7.0
    with pytest.raises(KeyError, match=r"no parameter 'pair\.left'; it has pair\.0, pair\.1\.0"):
        functional_call(line, {"pair.left": 1.0}, 3.0)


def test_a_linear_network_compiles_with_its_parameters_as_arguments():
    model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    compiled = jit(lambda state, x: functional_call(model, state, x)[0], backend="interpreter")
    x = [0.5, -0.25]
    assert compiled(model.state_dict(), x) == model(x)[0].data


def test_a_state_goes_out_and_comes_in_exactly():
    source, target = Whole(), Whole()
    state = source.state_dict()
    assert list(state) == ["scale", "first.weight.0.0", "first.weight.0.1", "first.bias.0"]
    assert all(type(number) is float for number in state.values())
    assert target.load_state_dict(state) == ([], [])
    assert target.state_dict() == state
    target.load_state_dict({path: np.float64(i) for i, path in enumerate(state)})
    assert list(target.state_dict().values()) == [0.0, 1.0, 2.0, 3.0]
    target.load_state_dict({path: Value(7) for path in state})
    assert set(target.state_dict().values()) == {7.0}


def test_a_state_that_does_not_fit_lists_everything_and_changes_nothing():
    whole = Whole()
    before = whole.state_dict()
    state = {"first.weight.0.1": [1.0], "first.bias.0": "2", "scale": 9.0, "offset": 1.0, "first.weight.1.0": 0.0}
    expected = (
        "the state does not fit this Whole; missing: first.weight.0.0; not in the module: offset, first.weight.1.0; "
        "not a number: first.weight.0.1 (list), first.bias.0 (str)"
    )
    with pytest.raises(StateError, match=f"^{re.escape(expected)}$"):
        whole.load_state_dict(state)
    assert whole.state_dict() == before
    with pytest.raises(StateError, match="not a number") as caught:
        whole.load_state_dict(state, strict=False)
    assert "missing" not in str(caught.value)
    assert whole.state_dict() == before
    with pytest.raises(TypeError, match="dict of numbers by path"):
        whole.load_state_dict([1.0])
    assert issubclass(StateError, AutogradError)
    assert issubclass(StateError, ValueError)


def test_a_state_that_is_not_strict_sets_what_it_can_and_tells_the_rest():
    whole = Whole()
    bias = whole.first.bias[0].data
    passed_over = whole.load_state_dict({"scale": 9.0, "offset": 1.0}, strict=False)
    assert passed_over.missing == ["first.weight.0.0", "first.weight.0.1", "first.bias.0"]
    assert passed_over.extra == ["offset"]
    assert (whole.scale.data, whole.first.bias[0].data) == (9.0, bias)


def test_a_long_list_of_what_is_missing_is_cut_short():
    with pytest.raises(StateError, match=r"missing: .*weight\.0\.9 and 91 more$"):
        Linear(100, 1).load_state_dict({})


def test_two_parameters_of_one_path_are_refused():
    class Twice(Module):
        def __init__(self):
            self.table = {1: Value(1.0), "1": Value(2.0)}

    for use in (
        lambda: Twice().state_dict(), lambda: Twice().load_state_dict({}),
        lambda: functional_call(Twice(), {"table.1": 3.0}),
    ):  # fmt: skip
        with pytest.raises(StateError, match=r"the same path 'table\.1'"):
            use()


@pytest.mark.parametrize("name", ["parameters", "training", "children", "state_dict", "apply", "page"])
def test_a_part_by_the_name_of_an_attribute_of_every_module_is_refused(name):
    for part in (Value(1.0), Linear(1, 1), [Value(1.0)], {"a": Linear(1, 1)}):
        with pytest.raises(AttributeError, match=f"'{name}' is an attribute of every Module"):
            setattr(Whole(), name, part)


def test_modules_are_copied_and_pickled_with_their_numbers_and_sharing():
    whole = Whole()
    whole.first.eval()
    for same in (copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))):
        assert same.state_dict() == whole.state_dict()
        assert same.again is same.first
        assert not same.first.training
        same.scale.data = 0.0
        assert whole.scale.data == 2.0


def test_a_neuron_may_have_a_module_as_its_activation():
    neuron = Neuron(1, activation=Tanh())
    assert repr(neuron) == "TanhNeuron(1)"
    assert neuron([0.5]).op == "tanh"
    assert neuron.children() == [neuron.activation]


def _as_it_is(f):
    return f


@pytest.mark.parametrize(
    "wrapped",
    [_as_it_is, checkpoint, jit, lambda f: jit(checkpoint(f)), lambda f: checkpoint(jit(f)), lambda f: jit(jit(f))],
)
@pytest.mark.parametrize("held", [False, True])
def test_a_functional_call_through_what_runs_again_for_its_derivative(wrapped, held):
    class Curve(Module):
        def __init__(self):
            self.scale = Value(2.0)
            self.offsets = [Value(5.0)]
            self.inner = wrapped(self.curve)

        def curve(self, x):
            return self.scale * self.scale * x + self.offsets[0] * self.scale

        def __call__(self, x):
            return self.inner(x) if held else wrapped(lambda v: self.curve(v))(x)

    curve = Curve()

    def f(scale):
        return functional_call(curve, {"scale": scale}, 3.0)

    def product(scale):  # of two calls, with other numbers
        return f(scale) * f(2.0 * scale)

    for _ in range(2):  # the second time compiled code is there already
        assert grad(f)(7.0) == 47.0
        assert grad(grad(f))(7.0) == 6.0
        assert jvp(f, (7.0,), (1.0,)) == (182.0, 47.0)
        assert grad(f)(8.0) == 53.0
        assert hessian(f)(8.0) == 6.0
        # (3s² + 5s)(12s² + 10s): its slope is 144s³ + 270s² + 100s
        assert grad(product)(1.0) == 514.0
        assert curve(3.0) == 22.0


class Spring(Module):
    def __init__(self, wrapped):
        self.weight, self.wrapped = Value(0.5), wrapped

    def __call__(self, x):
        return [self.wrapped(lambda v: tanh(self.weight * v[0]))(x)]


@pytest.mark.parametrize("wrapped", [checkpoint, jit, lambda f: checkpoint(jit(f)), lambda f: jit(checkpoint(f))])
def test_training_without_compilation_through_what_runs_again(wrapped):
    data = [[0.4], [-0.3], [1.1]], [[0.1], [0.2], [0.9]]
    plain, other = Spring(_as_it_is), Spring(wrapped)
    for model in (plain, other):
        fit(model, data, mean_squared_error, SGD(model.parameters(), 0.5), epochs=3, compiled=False, progress=False)
    assert other.weight.data == pytest.approx(plain.weight.data, rel=1e-12)
    assert plain.weight.data != 0.5


class Penalised(Module):
    def __init__(self):
        self.w, self.parts = Value(2.0), ({"v": Value(-1.0)}, [Value(0.5)])

    def __call__(self, x):
        return self.w * x + 0.5 * autograd.sum([p * p for p in self.parameters()])


# w·x + ½ (w² + v² + ½²), its slope x + w and its curvature 1, whatever w is computed from.
def test_what_functional_call_puts_in_counts_as_a_parameter():
    model = Penalised()

    def f(w):
        return functional_call(model, {"w": w}, 3.0)

    for transformed in (lambda g: g, jit):
        assert transformed(f)(5.0) == 15.0 + 0.5 * (25.0 + 1.0 + 0.25)
        assert transformed(grad(f))(5.0) == 8.0
        assert transformed(jacfwd(f))(5.0) == 8.0
        assert transformed(hessian(f))(5.0) == 1.0
        assert transformed(grad(lambda t: f(t * t)))(2.0) == 4.0 * (3.0 + 4.0)
        assert transformed(hessian(lambda t: f(t * t)))(2.0) == 2.0 * (3.0 + 4.0) + 16.0
        assert [*transformed(vmap(f))([1.0, 2.0])] == [3.0 + 1.125, 6.0 + 2.625]
        assert [*transformed(vmap(grad(f)))([1.0, 2.0])] == [4.0, 5.0]
        assert transformed(lambda a: scan(lambda s, w: (s + f(w), s), a, [1.0, 2.0])[0])(0.0) == 4.125 + 8.625
    assert f(Value(5.0) * 1.0).data == f(Value(5.0)).data == f(5.0)
    assert [path for path, _ in model.named_parameters()] == ["w", "parts.0.v", "parts.1.0"]
    assert model(3.0).data == 6.0 + 0.5 * 5.25


def test_one_value_in_the_place_of_two_parameters_counts_twice():
    class Norm(Module):
        def __init__(self):
            self.a, self.b, self.c = Value(1.0), Value(2.0), Value(3.0)
            self.again = self.a

        def __call__(self):
            return autograd.sum([p * p for p in self.parameters()])

    norm = Norm()

    def f(t):
        return functional_call(norm, {"a": t, "b": t})

    for transformed in (lambda g: g, jit):
        assert transformed(f)(5.0) == 59.0
        assert transformed(grad(f))(5.0) == 20.0
        assert transformed(hessian(f))(5.0) == 4.0
    assert functional_call(norm, {"a": norm.c}).data == 9.0 + 4.0 + 9.0
    assert functional_call(norm, {"a": norm.b, "b": norm.a}).data == 14.0
    assert functional_call(norm, {"a": norm.a}).data == 14.0


def test_numbers_are_put_in_as_values_and_come_out_as_numbers():
    class Curve(Module):
        def __init__(self):
            self.w, self.offset = Value(2.0), Value(1.0)

        def __call__(self, x):
            assert all(isinstance(parameter, Value) for parameter in (self.w, self.offset))
            return {"y": [self.w.exp() * x, None, "text"], "w": self.w}

    curve = Curve()
    result = functional_call(curve, {"w": 0, "offset": np.float64(3.0)}, 3.0)
    assert result == {"y": [3.0, None, "text"], "w": 0.0}
    assert [type(item) for item in (result["y"][0], result["w"])] == [float, float]
    array = functional_call(curve, {"w": 0.0}, np.array([1.0, 2.0]))["y"][0]
    assert array.dtype == float
    assert array.tolist() == [1.0, 2.0]
    assert isinstance(functional_call(curve, {"w": 0.0}, Value(3.0))["y"][0], Value)
    assert isinstance(functional_call(curve, {"w": Value(0.0)}, 3.0)["w"], Value)
    assert jit(lambda x: functional_call(curve, {"w": 0.0}, x)["w"] + x)(1.0) == 1.0
    for wrong in ("1", None, 1j, np.ones(2)):
        with pytest.raises(TypeError, match="the parameter 'w' is a number or a Value: .*" + type(wrong).__name__):
            functional_call(curve, {"w": wrong}, 3.0)


class CompiledLine(Module):
    def __init__(self):
        self.slope = Value(2.0)
        self.inner = jit(lambda x: self.slope * x)

    def __call__(self, x):
        return self.inner(x)


class LineAsStaticArgument(CompiledLine):
    def __init__(self):
        self.slope = Value(2.0)
        self.inner = jit(lambda line, x: line.slope * x, static_argnums=0)

    def __call__(self, x):
        return self.inner(self, x)


@pytest.mark.parametrize("kind", [CompiledLine, LineAsStaticArgument])
def test_a_compiled_part_takes_the_numbers_that_are_put_in(kind):
    line = kind()

    def f(slope):
        return functional_call(line, {"slope": slope}, 3.0)

    assert vmap(f)([1.0, 2.0]) == [3.0, 6.0]
    for _ in range(2):
        assert [line(3.0), f(5.0), line(3.0), f(line.slope.data + 2.0)] == [6.0, 15.0, 6.0, 12.0]
        assert functional_call(line, line.state_dict(), 3.0) == 6.0
        assert grad(f)(5.0) == jvp(f, (5.0,), (1.0,))[1] == jit(grad(f))(5.0) == 3.0
        assert hessian(lambda t: f(t * t))(2.0) == 6.0
    assert scan(lambda s, slope: (s + f(slope), f(slope)), 1.0, [1.0, 2.0, 3.0]) == (19.0, [3.0, 6.0, 9.0])
    assert fori_loop(0, 3, lambda i, s: f(s), 1.0) == 27.0


def test_training_without_compilation_after_a_call_with_plain_numbers():
    line = CompiledLine()
    assert functional_call(line, line.state_dict(), 1.0) == 2.0
    fit(line, ([1.0], [0.0]), lambda p, t: p * p, SGD(line.parameters(), 0.25), compiled=False, progress=False)
    assert line.slope.data == 1.0  # the slope of the loss is 2 · 2


@pytest.mark.parametrize("kind", [CompiledLine, LineAsStaticArgument])
def test_functional_call_inside_functional_call_on_the_same_part(kind):
    class Nested(Module):
        def __init__(self, kind, inner):
            self.part, self.inner = kind(), inner

        def __call__(self, x):
            return self.part(x) * functional_call(self.part, {"slope": self.inner(self.part.slope)}, x)

    def of(nested):
        return lambda a: functional_call(nested, {"part.slope": a}, 3.0)

    constant, square = Nested(kind, lambda slope: 7.0), Nested(kind, lambda slope: slope * slope)
    for transformed in (lambda g: g, jit):
        assert transformed(of(constant))(5.0) == 3.0 * 5.0 * 21.0
        assert transformed(grad(of(constant)))(5.0) == 63.0
        assert transformed(grad(grad(lambda t: of(constant)(t * t))))(5.0) == 126.0
        assert transformed(of(square))(5.0) == 9.0 * 125.0
        assert transformed(grad(of(square)))(5.0) == 27.0 * 25.0
        assert transformed(hessian(of(square)))(5.0) == 54.0 * 5.0
    assert constant(3.0) == 6.0 * 21.0
    assert constant.part.slope.data == 2.0


class OfMethods(Module):
    def __init__(self):
        self.w = Value(2.0)
        self.parts = [jit(self.curve), jit(self.curve)]

    def curve(self, x):
        return self.w * self.w * x

    def __call__(self, x):
        return self.parts[0](x)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
@pytest.mark.parametrize("warm", [False, True])
def test_a_copy_has_its_own_compiled_methods(copied, warm):
    model = OfMethods()
    if warm:
        assert model(3.0) == 12.0
    other = copied(model)
    other.w.data = 10.0
    assert [model(3.0), other(3.0)] == [12.0, 300.0]
    for transformed in (lambda g: g, jit):
        assert transformed(grad(lambda w: functional_call(other, {"w": w}, 3.0)))(5.0) == 30.0
        assert transformed(hessian(lambda w: functional_call(other, {"w": w}, 3.0)))(5.0) == 6.0
    assert functional_call(other, {"w": 1.0}, 3.0) == 3.0
    fit(other, ([1.0], [0.0]), lambda p, t: p, SGD(other.parameters(), 0.25), compiled=False, progress=False)
    assert [model.w.data, other.w.data] == [2.0, 5.0]


def test_a_compiled_lambda_that_was_unpickled_refuses_other_parameters():
    line = CompiledLine()
    assert line(3.0) == 6.0
    again = pickle.loads(pickle.dumps(line))
    again.slope.data = 10.0
    assert [line(3.0), again(3.0)] == [6.0, 30.0]
    with pytest.raises(StateError, match="'<lambda>', at 'inner', was unpickled without its Python source"):
        grad(lambda slope: functional_call(again, {"slope": slope}, 3.0))(5.0)
    assert again.slope.data == 10.0
