"""An expression from the shell: `python -m autograd "a*b + exp(c)" a=2 b=-3 c=0.5`."""

from __future__ import annotations

import argparse
import math
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from autograd.display.pictures.dot import FORMATS, draw
from autograd.engine.sweep import topological_order
from autograd.errors import AutogradError, ExpressionError
from autograd.shell.answers import Answer, differentiate, extras_of, shortened, to_json, to_table
from autograd.shell.expressions import FUNCTIONS, Expression, check_name

MOST_DRAWN = 100  # operations; a larger graph is drawn folded, as its variables and the result
FLAGS = ("--second", "--tree", "--latex", "--json", "--help")
WITH_VALUE = ("--explain", "--draw")

EXAMPLE = """\
example:
  python -m autograd "a*b + exp(c)" a=2 b=-3 c=0.5
  python -m autograd "-x**2 / where(y > 0, y, 1)" x=1.5 y=-2 --second --draw graph.svg
  python -m autograd "log(x) + x*y - sin(y)" x=2 y=5 --explain x --latex
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ExpressionError(f"{message}; see {self.prog} --help")


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
    extras = extras_of(answer, explained, chosen.tree, chosen.latex, chosen.json)
    if chosen.draw is not None:
        _draw(answer, chosen.draw)
    text = to_json(answer, extras) if chosen.json else to_table(answer, extras)
    if chosen.draw is not None and not chosen.json:
        text += f"\nwrote {chosen.draw}\n"
    unused = ", ".join(name for name in variables if name not in expression.used)
    return text, f"note: not in the expression: {shortened(unused)}\n" if unused else ""


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
            known = f"the variables are {shortened(', '.join(variables))}, or all" if variables else "it has none"
            raise ExpressionError(f"--explain {name!r:.60}: the expression has no such variable; {known}")
    return list(dict.fromkeys(names))


def _check_picture(path: str | None) -> None:
    """Before the work, so that a wrong suffix is known at once."""
    if path is not None and Path(path).suffix.removeprefix(".").lower() not in FORMATS:
        raise ExpressionError(f"--draw {path!r:.200}: the file's suffix says the format, one of {', '.join(FORMATS)}")


def _draw(answer: Answer, path: str) -> None:
    count = sum(1 for node in topological_order([answer.output]) if node._inputs)
    if not answer.output.name:
        answer.output.named(answer.expression.text)
    try:
        draw(answer.output, path, detail="operations" if count <= MOST_DRAWN else "named")
    except ValueError as error:  # a path with a null character
        raise ExpressionError(f"--draw {path!r:.200}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
