"""`Optimizer`: what every rule that changes parameters by their gradients has in common.

A rule is written once, for one number, with operators and autograd's functions: `step` applies it to floats, and a
compiled epoch applies the same to numbers that are not known yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from math import inf
from numbers import Real
from typing import Any, ClassVar, Self

from autograd import Value, vmap
from nn.pickles import Versioned

State = dict[str, Any]  # a list of numbers for each thing remembered, and "step" where the rule counts


class Optimizer(Versioned):
    """The base of optimizers: parameters, a learning rate, and what the rule remembers of each parameter.

    Attributes: `parameters`, a list in which each stands once; `lr`, the learning rate, which may be changed at any
    time; `state`, what is remembered: a dict of lists with one number for each parameter, and "step", the number of
    steps taken, which is a list too once the parameters differ in it.

    A rule of one's own is a subclass that defines `rule`, `remembered`, `counts` where the rule needs the number of the
    step, and `options`, the names of its arguments, each of which is an attribute too; its constructor ends with
    `self.state = self.initial_state()`.
    """

    options: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        name = type(self).__name__
        if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
            raise TypeError(f"{name} takes an iterable of Values, such as model.parameters(), not {parameters!r:.60}")
        self.parameters = list(parameters)
        for parameter in self.parameters:
            if not isinstance(parameter, Value):
                raise TypeError(
                    f"a parameter is a Value, not {type(parameter).__name__}: {parameter!r:.60}; parameters that learn "
                    "at different rates have an optimizer each"
                )
            if parameter.op:
                raise ValueError(f"a parameter is a leaf, not the result of {parameter.op!r}: make it by Value(...)")
        self.parameters = list(dict.fromkeys(self.parameters))
        if not self.parameters:
            raise ValueError(f"{name} needs one parameter at least: {name}(model.parameters(), lr=0.1)")
        self.lr: float = checked("the learning rate", lr, positive=True)
        self.state: State = {}

    @property
    def remembered(self) -> tuple[str, ...]:
        """The names of what the rule remembers of a parameter."""
        return ()

    @property
    def counts(self) -> bool:
        """Whether the rule needs the number of the step."""
        return False

    def factors(self, step: Any) -> Any:
        """What of the rule depends on the number of the step alone; `rule` gets it as `factors`."""
        return step

    def rule(self, number: Any, gradient: Any, memory: Sequence[Any], factors: Any, lr: Any) -> tuple[Any, list[Any]]:
        """A parameter's new number, and what is remembered of it: pure, and without an `if` on a number."""
        raise NotImplementedError(f"{type(self).__name__} has no rule: define rule(number, gradient, memory, ...)")

    def initial_state(self) -> State:
        """What is remembered before the first step: zeros. Raises `ValueError` where two things have one name."""
        names = ["step"] * self.counts + [*self.remembered]
        if len(set(names)) < len(names):
            raise ValueError(f"{type(self).__name__} remembers two things by one name: {', '.join(names)}")
        state: State = {"step": 0.0} if self.counts else {}
        return state | {name: [0.0] * len(self.parameters) for name in self.remembered}

    def update(
        self, numbers: Sequence[Any], gradients: Sequence[Any], state: State, lr: Any
    ) -> tuple[Sequence[Any], State]:
        """The new numbers and the new state: the rule as a pure function, to be compiled and looped over.

        Parameters: `numbers` and `gradients`, one for each parameter, floats or Values; `state`, as `initial_state`
        gives it; `lr`, the learning rate. Where the numbers are an array, so are the gradients and the lists of the
        state, and the rule is applied to all of them as one batch.

        >>> from nn.optimizers.optimizers import SGD
        >>> rule = SGD([Value(0.0)], lr=0.1, momentum=0.9)
        >>> rule.update([1.0], [2.0], rule.initial_state(), 0.5)
        ([0.0], {'momentum': [2.0]})
        """
        new: State = {}
        columns = tuple([state[name] for name in self.remembered])
        batch = hasattr(numbers, "shape")
        factors: Any = None
        apart = False  # whether parameters differ in the number of the step
        if self.counts:
            step, apart = state["step"], hasattr(state["step"], "__len__")
            step = new["step"] = [taken + 1.0 for taken in step] if isinstance(step, list) else step + 1.0
            every = vmap(self.factors) if batch else partial(map, self.factors)
            factors = every(step) if apart else self.factors(step)
        if batch:
            rule = vmap(self.rule, in_axes=(0, 0, 0, 0 if apart else None, None))
            numbers, columns = rule(numbers, gradients, columns, factors, lr)
            return numbers, new | dict(zip(self.remembered, columns))
        factors = factors if apart else repeat(factors)
        memories: Iterable[Any] = zip(*columns) if columns else repeat(())
        results = [
            self.rule(number, gradient, memory, factor, lr)
            for number, gradient, memory, factor in zip(numbers, gradients, memories, factors)
        ]
        for i, name in enumerate(self.remembered):
            new[name] = [memory[i] for _, memory in results]
        return [number for number, _ in results], new

    def step(self) -> None:
        """Change every parameter by its gradient; one that has none stays as it is, and so does its state."""
        places = [i for i, parameter in enumerate(self.parameters) if parameter.has_grad]
        if not places:
            return
        present = [self.parameters[i] for i in places]
        state, count = self.state, len(self.parameters)
        if len(places) < count:
            if self.counts and not isinstance(state["step"], list):
                state = state | {"step": [state["step"]] * count}
            part = {name: [column[i] for i in places] for name, column in state.items()}
        else:
            part = state
        gradients = [_number(parameter.grad) for parameter in present]
        numbers, new = self.update([parameter.data for parameter in present], gradients, part, self.lr)
        if part is not state:
            for name, column in new.items():
                changed = dict(zip(places, column))
                new[name] = [changed.get(i, old) for i, old in enumerate(state[name])]
        self.state = new
        for parameter, number in zip(present, numbers):
            parameter.data = number

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed training needs, as dicts, lists, strings and numbers that JSON keeps to the bit."""
        options = {name: getattr(self, name) for name in self.options}
        options = {name: list(item) if isinstance(item, tuple) else item for name, item in options.items()}
        state = {name: list(item) if isinstance(item, list) else item for name, item in self.state.items()}
        return {"optimizer": type(self).__name__, "lr": self.lr, "options": options, "state": state}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Continue as the optimizer that `state_dict` described: its learning rate, its options and its state.

        Raises: `ValueError` where it describes another optimizer, other options or another number of parameters; then
        nothing is changed.
        """
        try:
            self.__dict__.update(self._restored(saved).__dict__)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name, count = type(self).__name__, len(self.parameters)
            raise ValueError(f"this is no state of {name} for {count} parameters: {error}") from error

    def _restored(self, saved: Mapping[str, Any]) -> Self:
        _same_names("the description", saved, ("optimizer", "lr", "options", "state"))
        if saved["optimizer"] != type(self).__name__:
            raise ValueError(f"it is one of {saved['optimizer']!r:.60}")
        _same_names("the options", saved["options"], self.options)
        restored = type(self)(self.parameters, **saved["options"])
        restored.lr = checked("the learning rate", saved["lr"])
        _same_names("the state", saved["state"], restored.state)
        for name, column in saved["state"].items():
            single = name == "step" and not isinstance(column, list)
            numbers = [column] if single else column
            if not isinstance(numbers, list) or not single and len(numbers) != len(self.parameters):
                raise ValueError(f"{name!r} is a list of one number for each parameter, not {numbers!r:.60}")
            if not all(isinstance(number, Real) and not isinstance(number, bool) for number in numbers):
                raise ValueError(f"{name!r} holds what is no number: {numbers!r:.60}")
            floats = [float(number) for number in numbers]
            restored.state[name] = floats[0] if single else floats
        return restored

    def __repr__(self) -> str:
        options = "".join(f", {name}={getattr(self, name)!r}" for name in self.options)
        return f"{type(self).__name__}({len(self.parameters)} parameters, lr={self.lr!r}{options})"


def _number(gradient: Any) -> float:
    number: float = gradient.data if isinstance(gradient, Value) else gradient  # a Value by backward(create_graph=True)
    return number


def _same_names(what: str, given: Any, expected: Iterable[str]) -> None:
    if not isinstance(given, Mapping) or set(given) != set(expected):
        names = list(given) if isinstance(given, Mapping) else given
        raise ValueError(f"{what} has the entries {list(expected)}, not {names!r:.120}")


def checked(what: str, number: Any, below: float = inf, advice: str = "", *, positive: bool = False) -> float:
    """The number as a float; `ValueError` where it is none, negative, or not below the bound; or 0, for `positive`."""
    if positive and (not isinstance(number, Real) or not 0.0 < float(number) < inf):
        raise ValueError(f"{what} is a positive number, not {number!r:.60}")
    if isinstance(number, bool) or not isinstance(number, Real) or not 0.0 <= float(number) < below:
        limits = "a number from 0 up" if below == inf else f"a number from 0 up and below {below:g}"
        raise ValueError(f"{what} is {limits}, not {number!r:.60}{advice and '; '}{advice}")
    return float(number)
