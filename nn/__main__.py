"""From the shell: `python -m nn article` for the article, `train` for networks on small data, `page` to watch one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from autograd import AutogradError
from nn.shell.article_command import EXAMPLES as ARTICLE_EXAMPLES
from nn.shell.article_command import add_options as add_article_options
from nn.shell.article_command import article_figures
from nn.shell.page_command import EXAMPLES as PAGE_EXAMPLES
from nn.shell.page_command import add_options as add_page_options
from nn.shell.page_command import write_page
from nn.shell.training_command import EXAMPLES as TRAINING_EXAMPLES
from nn.shell.training_command import add_options as add_training_options
from nn.shell.training_command import train


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
        return run(options)
    except (OSError, AutogradError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nn", description="Neural networks on the scalar autograd engine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "article",
        help="reproduce the article's figures",
        description='Reproduce every figure of "A Step by Step Backpropagation Example" by autograd, and draw it.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=ARTICLE_EXAMPLES,
    )
    add_article_options(command, _whole_number)
    command = commands.add_parser(
        "train",
        help="train a network on a small data set",
        description="Train a network on a small data set, measure it on rows held out, and draw it with its plots.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=TRAINING_EXAMPLES,
    )
    add_training_options(command, _whole_number)
    command = commands.add_parser(
        "page",
        help="write a page in which a network learns",
        description="Write one HTML file in which a network learns, to play, to change and to ask for derivations.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=PAGE_EXAMPLES,
    )
    add_page_options(command, _whole_number)
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


def run(options: argparse.Namespace) -> int:
    """The command that was asked for; returns its exit status."""
    return {"article": article_figures, "train": train, "page": write_page}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
