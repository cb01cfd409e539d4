"""Every optimizer beside PyTorch's trajectories; the same rule inside compiled loops; its state; its errors."""

from __future__ import annotations

import json
import math

import pytest
from pytorch_numbers import START, cases, problem

import nn
from autograd import Value, array, fori_loop, grad, jit, scan, value_and_grad
from nn.optimizers.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.optimizers.schedules import cosine

COMBINATIONS = [
    pytest.param(name, case, id=f"{name}-{case['arguments']}")
    for name in ("SGD", "RMSprop", "Adam", "AdamW")
    for case in cases(name)
]
EVERY_KIND = [
    (SGD, {}),
    (SGD, {"weight_decay": 0.1}),
    (SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    (SGD, {"momentum": 0.9, "nesterov": True}),
    (RMSprop, {}),
    (RMSprop, {"centered": True, "momentum": 0.7, "weight_decay": 0.1}),
    (Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (AdamW, {}),
]


def built(name, values, arguments):
    return getattr(nn, name)(values, **arguments)


def take_steps(optimizer, values, steps, without_gradient=lambda step: False):
    points = []
    for step in steps:
        optimizer.zero_grad()
        problem(values).backward()
        if without_gradient(step):
            values[4].grad = None
        optimizer.step()
        points.append([value.data for value in values])
    return points


@pytest.mark.parametrize(("name", "case"), COMBINATIONS)
def test_fifty_steps_are_those_of_pytorch(name, case):
    """With a parameter that has no gradient in every third step, so that the step counts differ.

    Where a parameter goes through 0, what counts is its distance from PyTorch's beside the size of the others, about 1.
    """
    values = [Value(number) for number in START]
    optimizer = built(name, values, case["arguments"])
    points = take_steps(optimizer, values, range(50), lambda step: step % 3 == 1)
    for ours, theirs in zip(points, case["points"], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-14)


def test_the_stored_trajectories_move():
    """A trajectory that stood still, or went off, would prove little."""
    for name in ("SGD", "RMSprop", "Adam", "AdamW"):
        for case in cases(name):
            last = case["points"][-1]
            assert len(case["points"]) == 50
            assert all(math.isfinite(number) and abs(number) < 50.0 for number in last)
            assert all(abs(number - start) > 1e-3 for number, start in zip(last, START))


def test_no_two_stored_trajectories_are_the_same():
    lasts = [tuple(case["points"][-1]) for name in ("SGD", "RMSprop", "Adam", "AdamW") for case in cases(name)]
    assert len(set(lasts)) == len(lasts)


@pytest.mark.parametrize(("kind", "options"), EVERY_KIND)
def test_update_in_a_compiled_loop_gives_the_eager_numbers(kind, options):
    values = [Value(number) for number in START]
    optimizer = kind(values, lr=0.01, **options)
    slopes = grad(problem)

    @jit
    def train(numbers, state):
        return fori_loop(
            0, 50, lambda i, now: optimizer.update(now[0], slopes(now[0]), now[1], optimizer.lr), (numbers, state)
        )

    numbers, state = train(START, optimizer.initial_state())
    eager = take_steps(optimizer, values, range(50))[-1]
    assert numbers == pytest.approx(eager, rel=1e-12, abs=0.0)
    assert state.keys() == optimizer.state.keys()
    for name, column in state.items():
        assert column == pytest.approx(optimizer.state[name], rel=1e-11, abs=1e-15)


@pytest.mark.parametrize(("kind", "options"), EVERY_KIND)
def test_update_in_a_compiled_scan_with_a_schedule_gives_the_eager_numbers(kind, options):
    values = [Value(number) for number in START]
    optimizer = kind(values, lr=1.0, **options)
    rate = cosine(0.02, 20)

    @jit
    def train(numbers, state, steps):
        def one(now, step):
            loss, slopes = value_and_grad(problem)(now[0])
            return optimizer.update(now[0], slopes, now[1], rate(step)), loss

        return scan(one, (numbers, state), steps)

    (numbers, _), losses = train(START, optimizer.initial_state(), [float(step) for step in range(20)])
    for step in range(20):
        assert losses[step] == pytest.approx(problem([value.data for value in values]), rel=1e-12)
        optimizer.lr = rate(step)
        take_steps(optimizer, values, [step])
    assert numbers == pytest.approx([value.data for value in values], rel=1e-12, abs=0.0)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("kind", "options"), EVERY_KIND)
def test_update_of_arrays_gives_the_bits_of_that_of_lists(kind, options, apart):
    optimizer = kind([Value(0.0) for _ in range(3)], lr=0.1, **options)
    numbers, gradients, state = [1.0, -2.0, 0.5], [0.5, -0.25, 3.0], optimizer.initial_state()
    state |= {name: [0.5, 0.125, 0.25] for name in optimizer.remembered}
    if apart and optimizer.counts:  # each parameter has taken another number of steps
        state["step"] = [0.0, 4.0, 7.0]
    expected, after = optimizer.update(numbers, gradients, state, 0.1)
    columns = {name: array(column) if isinstance(column, list) else column for name, column in state.items()}
    for update in (optimizer.update, jit(optimizer.update)):
        found, new = update(array(numbers), array(gradients), columns, 0.1)
        assert found.tolist() == expected
        assert {name: column if isinstance(column, float) else column.tolist() for name, column in new.items()} == after


@pytest.mark.parametrize(("kind", "options"), EVERY_KIND)
def test_update_is_pure(kind, options):
    optimizer = kind([Value(1.0), Value(2.0)], lr=0.1, **options)
    state = optimizer.initial_state()
    before = json.dumps(state)
    first = optimizer.update([1.0, 2.0], [0.5, -0.5], state, 0.1)
    assert json.dumps(state) == before
    assert first == optimizer.update([1.0, 2.0], [0.5, -0.5], state, 0.1)
    assert optimizer.state == optimizer.initial_state()


@pytest.mark.parametrize(("kind", "options"), EVERY_KIND)
def test_a_state_saved_as_json_continues_bit_for_bit(kind, options):
    values = [Value(number) for number in START]
    optimizer = kind(values, lr=0.01, **options)
    take_steps(optimizer, values, range(10), lambda step: step % 3 == 1)
    saved = json.dumps(optimizer.state_dict())
    others = [Value(value.data) for value in values]
    resumed = kind(others, lr=0.5)
    resumed.load_state_dict(json.loads(saved))
    assert json.dumps(resumed.state_dict()) == saved
    whole = take_steps(optimizer, values, range(10, 30), lambda step: step % 3 == 1)
    assert take_steps(resumed, others, range(10, 30), lambda step: step % 3 == 1) == whole


def test_a_saved_state_does_not_change_with_the_optimizer():
    values = [Value(number) for number in START]
    optimizer = Adam(values)
    saved = optimizer.state_dict()
    before = json.dumps(saved)
    take_steps(optimizer, values, range(3))
    assert json.dumps(saved) == before
    optimizer.load_state_dict(saved)
    take_steps(optimizer, values, range(3))
    assert json.dumps(saved) == before


def changed(**changes):
    return Adam([Value(1.0), Value(2.0)], lr=0.1).state_dict() | changes


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ([], "the description has the entries"),
        ({"optimizer": "Adam"}, "the description has the entries"),
        (changed(optimizer="SGD"), "one of 'SGD'"),
        (changed(options={"betas": [0.9, 0.999]}), "the options has the entries"),
        (changed(options={"betas": [0.9, 1.0], "eps": 0, "weight_decay": 0, "amsgrad": 0, "maximize": 0}), "betas"),
        (changed(lr=-1.0), "learning rate"),
        (changed(lr="0.1"), "learning rate"),
        (changed(lr=math.nan), "learning rate"),
        (changed(state={}), "the state has the entries"),
        (changed(state={"step": 1.0, "mean": [0.0], "square": [0.0, 0.0]}), "'mean' is a list of one number for each"),
        (changed(state={"step": 1.0, "mean": 0.0, "square": [0.0, 0.0]}), "'mean' is a list of one number for each"),
        (changed(state={"step": [1.0], "mean": [0.0, 0.0], "square": [0.0, 0.0]}), "'step' is a list"),
        (changed(state={"step": "1", "mean": [0.0, 0.0], "square": [0.0, 0.0]}), "no number"),
        (changed(state={"step": 1.0, "mean": [0.0, None], "square": [0.0, 0.0]}), "no number"),
        (changed(state={"step": 1.0, "mean": [0.0, True], "square": [0.0, 0.0]}), "no number"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(saved, message):
    optimizer = Adam([Value(1.0), Value(2.0)], lr=0.25, eps=1e-6)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(saved)
    assert optimizer.state_dict() == before


def test_a_learning_rate_of_zero_from_a_schedule_can_be_saved():
    optimizer = SGD([Value(1.0)], lr=0.1)
    optimizer.lr = 0.0
    resumed = SGD([Value(1.0)], lr=0.1)
    resumed.load_state_dict(optimizer.state_dict())
    assert resumed.lr == 0.0


@pytest.mark.parametrize(("kind", "options"), EVERY_KIND)
def test_a_parameter_without_gradient_stays_and_so_does_its_state(kind, options):
    used, unused = Value(1.0), Value(2.0)
    optimizer = kind([unused, used], lr=0.1, **options)
    optimizer.step()
    assert (used.data, unused.data) == (1.0, 2.0)
    assert optimizer.state == optimizer.initial_state()
    (used * used).backward()
    optimizer.step()
    assert unused.data == 2.0
    assert used.data != 1.0
    for column in optimizer.state.values():
        assert column[0] == 0.0
        assert column[1] != 0.0


def test_each_parameter_is_changed_once_a_step_and_a_gradient_may_be_a_value():
    for kind in (SGD, Adam):
        x = Value(1.0)
        optimizer = kind([x, x], lr=0.125)
        (x * x).backward(create_graph=True)
        optimizer.step()
        assert len(optimizer.parameters) == 1
        assert x.data == pytest.approx({SGD: 0.75, Adam: 0.875}[kind], rel=1e-7)
        optimizer.zero_grad()
        assert not x.has_grad


def test_a_rule_of_ones_own():
    class SignDescent(Optimizer):
        def rule(self, number, gradient, memory, factors, lr):
            return number - lr * (1.0 if gradient > 0.0 else -1.0), []

    x = Value(1.0)
    optimizer = SignDescent([x], lr=0.25)
    (x * x).backward()
    optimizer.step()
    assert x.data == 0.75
    with pytest.raises(NotImplementedError, match="define rule"):
        Optimizer([x], 0.1).step()

    class Twice(SignDescent):
        counts = True
        remembered = ("step",)

    with pytest.raises(ValueError, match="Twice remembers two things by one name: step, step"):
        Twice([x], lr=0.25).initial_state()


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (SGD, {"momentum": -0.1}, r"momentum is a number from 0 up, not -0\.1; 0\.9 is usual"),
        (SGD, {"momentum": math.nan}, "momentum"),
        (SGD, {"momentum": "0.9"}, "momentum"),
        (SGD, {"dampening": -1.0}, "dampening"),
        (SGD, {"weight_decay": -1e-4}, "weight_decay is a number from 0 up"),
        (SGD, {"weight_decay": True}, "weight_decay"),
        (SGD, {"nesterov": True}, r"nesterov=True, momentum=0\.9, dampening=0\.0"),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov needs"),
        (RMSprop, {"alpha": -0.1}, "alpha"),
        (RMSprop, {"eps": -1e-8}, "eps"),
        (RMSprop, {"momentum": -1.0}, "momentum"),
        (RMSprop, {"weight_decay": math.inf}, "weight_decay"),
        (Adam, {"betas": (1.0, 0.999)}, r"betas\[0\] is a number from 0 up and below 1"),
        (Adam, {"betas": (0.9, 1.5)}, r"betas\[1\]"),
        (Adam, {"betas": 0.9}, r"pair of numbers, such as \(0\.9, 0\.999\)"),
        (Adam, {"betas": (0.9,)}, "pair of numbers"),
        (Adam, {"eps": -1.0}, "eps"),
        (AdamW, {"weight_decay": -0.1}, "weight_decay"),
        (Adam, {"lr": 0.0}, "positive"),
        (RMSprop, {"lr": "fast"}, "positive"),
    ],
)
def test_an_argument_outside_its_range_is_refused_with_the_fix(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind([Value(1.0)], **{"lr": 0.1} | options)


def test_what_is_no_parameter_is_refused_with_the_fix():
    x = Value(1.0)
    with pytest.raises(ValueError, match="leaf"):
        Adam([x * x])
    with pytest.raises(TypeError, match="an optimizer each"):
        Adam([{"params": [x], "lr": 0.1}])
    with pytest.raises(ValueError, match=r"Adam\(model\.parameters\(\)"):
        Adam([])


def test_the_repr_says_all_options():
    assert repr(Adam([Value(1.0)], lr=0.5)) == (
        "Adam(1 parameters, lr=0.5, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0, amsgrad=False, maximize=False)"
    )
