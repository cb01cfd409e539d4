"""`python -m nn article`: every figure of the article beside what autograd computes, pictures and derivations."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from autograd import AutogradError, explain
from autograd.display import FORMATS, draw
from nn.article import network as article
from nn.article.comparison import Closing, Row, closing_table, figure_rows, sections
from nn.article.report import build_report, write_report
from nn.diagram import draw_network
from nn.shell.training_command import make_folder

ROW = "  {:<28}{:>16}{:>16}   {}"

EXAMPLES = """\
examples:
  python -m nn article                         every figure beside its own, and four pictures in the folder article
  python -m nn article --explain w1            how ∂E_total/∂w1 comes about, down to the updated weight
  python -m nn article --report article.html   all of it, with every derivation, on one page
"""


def add_options(command: argparse.ArgumentParser, whole_number: Callable[..., Callable[[str], int]]) -> None:
    """Add the options of `article`; `whole_number(least, what)` is the type of an option."""
    schedules = (*article.SCHEDULES, "both")
    command.add_argument(
        "--rounds", type=whole_number(1, "the number of rounds"), default=article.ROUNDS, metavar="N",
        help="rounds of training (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--schedule", choices=schedules, default="both", help="order of the updates (default: %(default)s)"
    )
    command.add_argument(
        "--eager", action="store_true",
        help="train round by round in Python, also where the extra jit is installed to run the rounds as machine code",
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="folder for the pictures (default: article)")
    command.add_argument("--format", choices=FORMATS, default="svg", help="format of the pictures (default: svg)")
    choice = command.add_mutually_exclusive_group()
    choice.add_argument(
        "--report", type=Path, metavar="FILE", help="write one HTML page with everything in it, in place of pictures"
    )
    choice.add_argument(
        "--explain", action="append", metavar="NAME",
        help="print only the derivation of ∂E_total/∂NAME, for any name in the network; may be repeated; all: w1 to w8",
    )  # fmt: skip


def article_figures(options: argparse.Namespace) -> int:
    """The command: derivations alone where they are asked for, else the whole article; the exit status."""
    if options.explain:
        print(explain_values(options.explain))
        return 0
    return reproduce_article(options)


def explain_values(names: Sequence[str]) -> str:
    """The derivation of ∂E_total/∂name for each name, "all" being the eight weights; a weight's ends with its update.

    Raises: `AutogradError` for a name that the network does not have.

    >>> print(explain_values(["net_o1"]).splitlines()[0])
    ∂E_total/∂net_o1 = ∂E_total/∂out_o1 · ∂out_o1/∂net_o1
    """
    values = article.ArticleNetwork().forward()
    wanted = [each for name in names for each in (article.WEIGHTS if name == "all" else [name])]
    texts = []
    for name in dict.fromkeys(wanted):
        if name not in values:
            near = get_close_matches(name, values, n=4, cutoff=0.5)
            known = f"did you mean {' or '.join(near)}?" if near else f"the names are {', '.join(values)}, and all"
            raise AutogradError(f"the article's network has no Value {name!r:.60}; {known}")
        step = article.LEARNING_RATE if name in article.WEIGHTS else None
        texts.append(str(explain(values["E_total"], values[name], step=step)))
    return "\n\n".join(texts)


def reproduce_article(options: argparse.Namespace) -> int:
    """Print the article in its own order beside what autograd computes, train, and write the pictures or the page."""
    folder = options.out or (None if options.report else Path("article"))
    if folder is not None:
        make_folder(folder)  # before the long work, so that a bad folder is known at once
    if options.report:
        _check_report(options.report)
    rows = figure_rows()
    _print_figures(rows)
    schedules = article.SCHEDULES if options.schedule == "both" else (options.schedule,)
    trained, numbers = {}, {}
    print(f"\n{article.CLOSING}: {options.rounds:,} rounds")
    for schedule in schedules:
        if options.eager or find_spec("llvmlite") is None:
            trained[schedule], numbers[schedule] = article.train(schedule, _progress(options.rounds, schedule))
        else:
            trained[schedule], numbers[schedule] = article.train_compiled(schedule, options.rounds)
    closing = closing_table(numbers, options.rounds)
    _print_closing(closing)
    print()
    if folder is not None:
        _write_pictures(trained[schedules[0]], folder, options.format)
    if options.report:
        write_report(build_report(rows, closing, trained[schedules[0]], options.rounds), options.report)
        print(f"wrote {options.report}")
    failures = sum(not row.agrees for row in rows) + closing.failures
    print(f"\nFigures that do not agree: {failures}." if failures else "\nEvery figure that should agree does.")
    return 1 if failures else 0


def _check_report(path: Path) -> None:
    if path.is_dir():
        raise OSError(f"the report is a file such as article.html, and {path} is a folder")
    if not path.parent.is_dir():
        raise OSError(f"the report cannot be written to {path}: there is no folder {path.parent}")


def _print_figures(rows: Sequence[Row]) -> None:
    for section, members in sections(rows).items():
        print(f"\n{section}")
        print(ROW.format("", "the article", "autograd", "").rstrip())
        for row in members:
            print(ROW.format(row.symbol, row.printed, f"{row.computed:.9f}", row.verdict))


def _print_closing(closing: Closing) -> None:
    """The table of the closing figures under each schedule, and what is to be said of them."""
    width = 18
    print(f"  {'':<28}{'the article':>16}" + "".join(f"{schedule:>{width}}" for schedule in closing.schedules))
    for row in closing.rows:
        numbers = "".join(f"{number:>{width}.9f}" for number in row.computed.values())
        print(f"  {row.symbol:<28}{row.printed:>16}{numbers}   {row.verdict}")
    print()
    for note in closing.notes:
        print(textwrap.fill(note, 108, initial_indent="  ", subsequent_indent="  "))


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
