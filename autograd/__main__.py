"""An expression from the shell: `python -m autograd "a*b + exp(c)" a=2 b=-3 c=0.5`."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, NoReturn, TextIO

from autograd.display.dot import FORMATS, draw
from autograd.display.explanation import explain
from autograd.display.formula import to_latex
from autograd.display.tree import tree
from autograd.errors import AutogradError, ExpressionError
from autograd.expressions import FUNCTIONS, Expression, check_name
from autograd.sweep import topological_order
from autograd.value import Value

MOST_SECOND = 50  # variables; the second derivatives take one backward pass for each
MOST_DRAWN = 100  # operations; a larger graph is drawn folded, as its variables and the result
LONGEST_SHOWN = 120  # characters of the expression above the table
FLAGS = ("--second", "--tree", "--latex", "--json", "--help")
WITH_VALUE = ("--explain", "--draw")

EXAMPLE = """\
example:
  python -m autograd "a*b + exp(c)" a=2 b=-3 c=0.5
  python -m autograd "-x**2 / where(y > 0, y, 1)" x=1.5 y=-2 --second --draw graph.svg
  python -m autograd "log(x) + x*y - sin(y)" x=2 y=5 --explain x --latex
"""

# "tree" and "latex": texts; "explain": a text for each variable; "name": what these texts call the expression
Extras = dict[str, Any]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ExpressionError(f"{message}; see {self.prog} --help")


@dataclass(frozen=True, slots=True)
class Answer:
    """An expression at a point, and its derivatives there, all as floats."""

    expression: Expression
    variables: dict[str, float]
    leaves: dict[str, Value]
    output: Value
    gradients: dict[str, float]
    second: dict[str, dict[str, float]] | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, or 2 where something is wrong, which is said in one line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ∂ shows ?, and loses nothing else
    try:
        text, note = respond(sys.argv[1:] if arguments is None else arguments)
    except (AutogradError, OSError) as error:
        return _fail(error)
    except KeyboardInterrupt:
        return 130
    try:
        _write(sys.stdout, text)
    except OSError as error:
        return 141 if isinstance(error, BrokenPipeError) else _fail(error)  # 141 is what a shell gives for SIGPIPE
    _write(sys.stderr, note)
    return 0


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # as it is where the shell has closed it
        stream.write(text)
        stream.flush()


def _fail(error: Exception) -> int:
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        message = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    _write(sys.stderr, f"error: {' '.join(message.split())}\n")
    return 2


def respond(arguments: Sequence[str]) -> tuple[str, str]:
    """What the command prints on standard output and, as a note, on standard error.

    Raises: `AutogradError` or `OSError`, with a message for the person who typed the arguments.
    """
    options, positional = _split(arguments)
    if "--help" in options:
        return _parser().format_help(), ""
    if not positional:
        raise ExpressionError('no expression was given: python -m autograd "a*b" a=2 b=3; more with --help')
    if re.match(r"\s*\w+\s*=(?!=)", positional[0]):
        raise ExpressionError(f"the expression comes first, then {positional[0]!r:.60}")
    chosen = _parser().parse_args([*options, "--", *positional])
    variables = _variables(chosen.variables)
    _check_picture(chosen.draw)
    expression = Expression(chosen.expression, variables)
    explained = _names(chosen.explain, expression, variables)
    answer = differentiate(expression, variables, chosen.second)
    extras = _extras(answer, explained, chosen.tree, chosen.latex, chosen.json)
    if chosen.draw is not None:
        _draw(answer, chosen.draw)
    text = to_json(answer, extras) if chosen.json else to_table(answer, extras)
    if chosen.draw is not None and not chosen.json:
        text += f"\nwrote {chosen.draw}\n"
    unused = ", ".join(name for name in variables if name not in expression.used)
    return text, f"note: not in the expression: {_shortened(unused)}\n" if unused else ""


def _parser() -> argparse.ArgumentParser:
    functions = textwrap.fill("functions: " + ", ".join(FUNCTIONS), 78, subsequent_indent="  ")
    parser = _Parser(
        prog="python -m autograd",
        usage='%(prog)s "EXPRESSION" [NAME=NUMBER ...] [OPTIONS]',
        description="Evaluate an expression and differentiate it with respect to each of its variables.",
        epilog=f"{EXAMPLE}\n{functions}\nconstants: pi, inf, nan",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("expression", metavar="EXPRESSION", help="with + - * / // %% ** and the functions below")
    parser.add_argument("variables", nargs="*", metavar="NAME=NUMBER", help="a number for each name in it")
    parser.add_argument("--second", action="store_true", help="the second derivatives too")
    parser.add_argument(
        "--explain", metavar="NAME", action="append", default=[],
        help="how the derivative by NAME comes about; may be repeated; all: by every variable",
    )  # fmt: skip
    parser.add_argument("--latex", action="store_true", help="the formula in LaTeX, and the derivations too")
    parser.add_argument("--tree", action="store_true", help="the graph as a tree of text")
    parser.add_argument("--draw", metavar="FILE", help=f"draw the graph; the suffix is {', '.join(FORMATS)}")
    parser.add_argument("--json", action="store_true", help="print JSON, with nan and inf as strings")
    parser.add_argument("-h", "--help", action="store_true", help="show this help")
    return parser


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options and the rest; argparse would take an expression such as -a*b for an option."""
    options: list[str] = []
    positional: list[str] = []
    given = {argument.partition("=")[0].strip() for argument in arguments if "=" in argument}
    waiting = list(reversed(arguments))
    while waiting:
        argument = waiting.pop()
        if argument == "--":
            positional += reversed(waiting)
            break
        if argument in FLAGS or argument.startswith(tuple(f"{option}=" for option in WITH_VALUE)):
            options.append(argument)
        elif argument in WITH_VALUE:
            options.append(f"{argument}={waiting.pop()}" if waiting else argument)
        elif re.fullmatch(r"-h|--[A-Za-z][\w-]*", argument) and not given.issuperset(filter(None, argument.split("-"))):
            if argument != "-h":
                known = "--second, --explain NAME, --latex, --tree, --draw FILE, --json"
                raise ExpressionError(f"unknown option {argument!r:.60}; the options are {known}")
            options.append("--help")
        else:  # an expression, and be it --x, where a number is given for x
            positional.append(argument)
    return options, positional


def _variables(arguments: Sequence[str]) -> dict[str, float]:
    variables: dict[str, float] = {}
    for argument in arguments:
        before, sign, number = argument.partition("=")
        if not sign:
            raise ExpressionError(
                f"after the expression comes NAME=NUMBER for each variable, not {argument!r:.60}; "
                "put quotes around an expression with spaces or signs"
            )
        name = check_name(before.strip())
        if name in variables:
            raise ExpressionError(f"{name!r:.60} is given twice")
        variables[name] = _number(name, number)
    return variables


def _number(name: str, text: str) -> float:
    try:
        if len(text) > 1000:
            raise ValueError
        number = float(text)
    except ValueError:
        message = f"{name:.60} is given {text!r:.60}, which is not a number such as 2, -0.5 or 1e-3"
        raise ExpressionError(message) from None
    if math.isinf(number) and "n" not in text.lower():
        raise ExpressionError(f"{name:.60} is given {text!r:.60}, beyond the largest float, 1.8e308; infinity is inf")
    return number


def _names(wanted: Sequence[str], expression: Expression, variables: dict[str, float]) -> list[str]:
    """The variables to explain, each once; "all" is each that is in the expression, unless one is called so."""
    names: list[str] = []
    for name in wanted:
        if name == "all" and name not in variables:
            names += (variable for variable in variables if variable in expression.used)
        elif name in variables:
            names.append(name)
        else:
            known = f"the variables are {_shortened(', '.join(variables))}, or all" if variables else "it has none"
            raise ExpressionError(f"--explain {name!r:.60}: the expression has no such variable; {known}")
    return list(dict.fromkeys(names))


def differentiate(expression: Expression, variables: dict[str, float], second: bool = False) -> Answer:
    """The value and the derivatives of an expression.

    Parameters: `expression`; `variables`, a number for each name; `second`, whether to take second derivatives too.
    Returns: an `Answer`; a variable that is not in the expression has derivatives of 0.
    Raises: `ExpressionError` for second derivatives with respect to more than 50 variables.

    >>> answer = differentiate(Expression("x*x*y", ["x", "y"]), {"x": 3.0, "y": 2.0}, second=True)
    >>> answer.gradients, answer.second["x"]
    ({'x': 12.0, 'y': 9.0}, {'x': 4.0, 'y': 6.0})
    """
    if second and len(variables) > MOST_SECOND:
        raise ExpressionError(f"second derivatives are taken for up to {MOST_SECOND} variables, not {len(variables)}")
    leaves = {name: Value(number, name) for name, number in variables.items()}
    output = expression(leaves)
    if not isinstance(output, Value):
        output = Value(output)  # without a variable in it
    rows = _second_derivatives(output, leaves) if second else None
    output.backward()
    return Answer(expression, variables, leaves, output, {name: leaf.grad for name, leaf in leaves.items()}, rows)


def _second_derivatives(output: Value, leaves: dict[str, Value]) -> dict[str, dict[str, float]]:
    """A row for each variable: the derivatives of its gradient, which is a graph in turn. All gradients end unset."""
    output.backward(create_graph=True)
    slopes = {name: leaf.grad for name, leaf in leaves.items()}
    output.zero_grad()  # interior gradients are graphs too; only the leaves' are needed
    rows = {}
    for name, slope in slopes.items():
        if isinstance(slope, Value):  # a float where the variable is not in the expression
            slope.backward()
        rows[name] = {other: leaf.grad for other, leaf in leaves.items()}
        for leaf in leaves.values():
            leaf.grad = None
    return rows


def _extras(answer: Answer, explained: Sequence[str], with_tree: bool, with_latex: bool, in_json: bool) -> Extras:
    output = answer.output
    extras: Extras = {}
    if with_tree:
        # JSON is for a program: no colours, and the same lines on every terminal
        extras["tree"] = str(tree(output, width=80, ascii=False, colour=False) if in_json else tree(output))
    if with_latex:
        extras["latex"] = to_latex(output) if output.inputs or output.name else repr(output.data)
    if explained:
        named = output.name
        if not named:  # derivations need a short name
            candidates = chain("fghyz", (f"f{number}" for number in count(1)))
            output.named(next(name for name in candidates if name not in answer.leaves))
        explanations = {name: explain(output, answer.leaves[name]) for name in explained}
        extras["explain"] = {
            name: explanation.to_latex() if with_latex else explanation.to_text()
            for name, explanation in explanations.items()
        }
        if not named:
            extras["name"] = output.name
            output.named("")
    return extras


def to_table(answer: Answer, extras: Extras) -> str:
    """The answer for a person: the value, the gradient, and below them what else was asked for."""
    lines = [f"{_shortened(answer.expression.text)} = {answer.output.data!r}"]
    if answer.variables:
        rows = [[name, repr(number), repr(answer.gradients[name])] for name, number in answer.variables.items()]
        lines += ["", *_aligned([["name", "value", "∂/∂name"], *rows])]
    if answer.second:
        names = list(answer.second)
        rows = [[f"∂/∂{name}", *(repr(answer.second[name][other]) for other in names)] for name in names]
        lines += ["", "second derivatives", *_aligned([["", *(f"∂/∂{name}" for name in names)], *rows])]
    lines += [line for part in ("tree", "latex") if part in extras for line in ("", str(extras[part]))]
    if "name" in extras:
        lines += ["", f"{extras['name']} = {_shortened(answer.expression.text)}"]
    lines += [line for text in extras.get("explain", {}).values() for line in ("", text)]
    return "\n".join(lines) + "\n"


def to_json(answer: Answer, extras: Extras) -> str:
    """The answer for a program; JSON has no nan and no infinity, so they are the strings "nan", "inf" and "-inf"."""
    variables = {
        name: {"value": _in_json(number), "gradient": _in_json(answer.gradients[name])}
        for name, number in answer.variables.items()
    }
    content: dict[str, Any] = {
        "expression": answer.expression.text,
        "value": _in_json(answer.output.data),
        "variables": variables,
    }
    if answer.second is not None:
        content["second"] = {
            name: {other: _in_json(number) for other, number in row.items()} for name, row in answer.second.items()
        }
    content |= extras
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _in_json(number: float) -> float | str:
    return number if math.isfinite(number) else repr(number)


def _aligned(rows: list[list[str]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "   ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths)))
        for row in rows
    ]


def _check_picture(path: str | None) -> None:
    """Before the work, so that a wrong suffix is known at once."""
    if path is not None and Path(path).suffix.removeprefix(".").lower() not in FORMATS:
        raise ExpressionError(f"--draw {path!r:.200}: the file's suffix says the format, one of {', '.join(FORMATS)}")


def _draw(answer: Answer, path: str) -> None:
    count = sum(1 for node in topological_order([answer.output]) if node.inputs)
    if not answer.output.name:
        answer.output.named(answer.expression.text)
    try:
        draw(answer.output, path, detail="operations" if count <= MOST_DRAWN else "named")
    except ValueError as error:  # a path with a null character
        raise ExpressionError(f"--draw {path!r:.200}: {error}") from None


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN // 2]} ... {text[-LONGEST_SHOWN // 2 :]}"


if __name__ == "__main__":
    sys.exit(main())
