"""The article from the shell: `python -m nn article`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from autograd import AutogradError
from autograd.display import FORMATS, draw
from nn import article
from nn.network_view import draw_network

PRINTED_BY = {
    "simultaneous": "the true gradient, and the rule of the article's text",
    "sequential": "output layer first, then the hidden layer with the changed weights",
}
ROW = "  {:<28}{:>16}{:>16}   {}"


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
        return reproduce_article(options)
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
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    schedules = (*article.SCHEDULES, "both")
    command.add_argument("--rounds", type=_rounds, default=article.ROUNDS, metavar="N", help="rounds of training")
    command.add_argument("--schedule", choices=schedules, default="both", help="order of the updates")
    command.add_argument("--out", type=Path, default=Path("article"), metavar="DIR", help="folder for the pictures")
    command.add_argument("--format", choices=FORMATS, default="svg", help="format of the pictures")
    return parser


def _rounds(text: str) -> int:
    try:
        rounds = int(text)
    except ValueError:
        rounds = 0
    if rounds < 1:
        raise argparse.ArgumentTypeError(f"the number of rounds is a whole number from 1 up, not {text!r}")
    return rounds


def reproduce_article(options: argparse.Namespace) -> int:
    """Print the article in its own order beside what autograd computes, train, and write the four pictures."""
    _make_folder(options.out)  # before the long work, so that a bad folder is known at once
    failures = _print_figures()
    schedules = article.SCHEDULES if options.schedule == "both" else (options.schedule,)
    trained, closing = {}, {}
    print(f"\n{article.CLOSING}: {options.rounds:,} rounds")
    for schedule in schedules:
        trained[schedule], closing[schedule] = article.train(schedule, _progress(options.rounds, schedule))
    failures += _print_closing(closing, options.rounds)
    print()
    _write_pictures(trained[schedules[0]], options.out, options.format)
    print(f"\nFigures that do not agree: {failures}." if failures else "\nEvery figure that should agree does.")
    return 1 if failures else 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"the pictures cannot be written to the folder {folder}: {error.strerror}") from error


def _print_figures() -> int:
    computed = article.reproduce()
    failures, section = 0, ""
    for figure in article.FIGURES:
        if figure.symbol not in computed:
            continue
        if figure.section != section:
            section = figure.section
            print(f"\n{section}")
            print(ROW.format("", "the article", "autograd", "").rstrip())
        number = computed[figure.symbol]
        agrees = figure.agrees(number)
        failures += not agrees
        verdict = "agrees" if agrees else "DOES NOT AGREE"
        if not figure.published:
            verdict += f" with {figure.text} (not in the article)"
        elif figure.note:
            verdict += f": {figure.note}"
        print(ROW.format(figure.symbol, figure.text if figure.published else "", f"{number:.9f}", verdict))
    return failures


def _print_closing(closing: dict[str, list[float]], rounds: int) -> int:
    """The table of the closing figures under each schedule; returns how many are not what they should be."""
    failures = 0
    width = 18
    figures = [figure for figure in article.FIGURES if figure.section == article.CLOSING]
    print(f"  {'':<28}{'the article':>16}" + "".join(f"{schedule:>{width}}" for schedule in closing))
    for i, figure in enumerate(figures):
        comparable = i == 0 or rounds == article.ROUNDS
        symbol = figure.symbol if comparable else figure.symbol.replace(f"{article.ROUNDS:,}", f"{rounds:,}")
        print(f"  {symbol:<28}{figure.text if comparable else '':>16}", end="")
        verdicts = []
        for schedule, numbers in closing.items():
            print(f"{numbers[i]:>{width}.9f}", end="")
            if not comparable:
                continue
            reference = article.CLOSING_REFERENCE[schedule][i]
            right = abs(numbers[i] - reference) <= article.CLOSING_TOLERANCE
            if schedule == "sequential":  # the schedule of the article's closing figures, digit for digit
                right = right and figure.agrees(numbers[i])
            failures += not right
            if not right:
                verdicts.append(f"{schedule} DOES NOT AGREE")
            elif figure.agrees(numbers[i]):
                verdicts.append(f"{schedule} agrees")
        print(f"   {', '.join(verdicts) or ('differs, as explained below' if comparable else '')}")
    print()
    for schedule in closing:
        print(f"  {schedule}: {PRINTED_BY[schedule]}.")
    print(
        "  The article printed the sequential figures: they come from an early version of its script, which changed\n"
        "  w5 to w8 before it computed the hidden layer's gradients. Its text describes the simultaneous schedule."
    )
    if rounds != article.ROUNDS:
        print(f"  The article trains for {article.ROUNDS:,} rounds; only the figure after round 1 can be compared.")
    return failures


def _progress(rounds: int, schedule: str) -> Iterable[int]:
    """A progress bar, where tqdm is installed (the extra `progress`) and a person is watching."""
    try:
        from tqdm import tqdm
    except ImportError:
        return range(rounds)
    bar: Iterable[int] = tqdm(range(rounds), desc=f"  {schedule}", unit=" rounds", disable=None, leave=False)
    return bar


def _write_pictures(trained: article.ArticleNetwork, folder: Path, picture_format: str) -> None:
    network = article.ArticleNetwork()
    for when, subject in (("before", network), ("after", trained)):
        path = folder / f"network_{when}.{picture_format}"
        draw_network(subject.backpropagate()["E_total"], path)
        print(f"wrote {path}")
    for detail in ("named", "operations"):
        path = folder / f"graph_{detail}.{picture_format}"
        draw(network.backpropagate()["E_total"], path, detail=detail)
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
