"""From the shell: `python -m nn article` for the article, `train` for networks on small data, `page` to watch one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd import AutogradError
from nn.shell import article_command, page_command, training_command

# Each command: its module, what it does, a line of help, and the same as a sentence.
COMMANDS: dict[str, tuple[Any, Callable[[argparse.Namespace], int], str, str]] = {
    "article": (
        article_command, article_command.article_figures, "reproduce the article's figures",
        'Reproduce every figure of "A Step by Step Backpropagation Example" by autograd, and draw it.',
    ),
    "train": (
        training_command, training_command.train, "train a network on a small data set",
        "Train a network on a small data set, measure it on rows held out, and draw it with its plots.",
    ),
    "page": (
        page_command, page_command.write_page, "write a page in which a network learns",
        "Write one HTML file in which a network learns, to play, to change and to ask for derivations.",
    ),
}  # fmt: skip


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help\n")  # one line, without the usage before it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 where a figure does not agree, 2 for a mistaken call."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ∂ shows ?, and loses nothing else
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (OSError, AutogradError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nn", description="Neural networks on the scalar autograd engine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, run, help_line, description) in COMMANDS.items():
        command = commands.add_parser(
            name, help=help_line, description=description, epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add_options(command, _whole_number)
        command.set_defaults(run=run)
    return parser


def _whole_number(least: int, what: str = "it") -> Callable[[str], int]:
    """The type of an option that is a whole number from `least` up."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{what} is a whole number from {least} up, not {text!r:.60}")
        return number

    return read


if __name__ == "__main__":
    sys.exit(main())
