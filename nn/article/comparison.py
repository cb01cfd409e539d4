"""The article's figures beside those that autograd computes: the rows that the shell and the report show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nn.article import network as article

PRINTED_BY = {
    "simultaneous": "the true gradient, and the rule of the article's text",
    "sequential": "output layer first, then the hidden layer with the changed weights",
}
EXPLANATION = (
    "The article printed the sequential figures: they come from an early version of its script, which changed "
    "w5 to w8 before it computed the hidden layer's gradients. Its text describes the simultaneous schedule."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its section and symbol, as printed ("" where the article leaves it out), computed, and compared."""

    section: str
    symbol: str
    printed: str
    computed: float
    agrees: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """One closing figure: as printed ("" where the rounds differ), and computed under each schedule."""

    symbol: str
    printed: str
    computed: dict[str, float]
    failures: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Closing:
    """What the training leads to under each schedule, the sentences that belong below it, and the failures."""

    schedules: tuple[str, ...]
    rows: tuple[ClosingRow, ...]
    notes: tuple[str, ...]

    @property
    def failures(self) -> int:
        return sum(row.failures for row in self.rows)


def figure_rows() -> list[Row]:
    """A row for every figure but the closing ones, in the article's order.

    >>> row = figure_rows()[0]
    >>> row.symbol, row.printed, round(row.computed, 9), row.verdict
    ('net_h1', '0.3775', 0.3775, 'agrees')
    """
    computed = article.reproduce()
    rows = []
    for figure in article.FIGURES:
        if figure.symbol not in computed:
            continue
        number = computed[figure.symbol]
        agrees = figure.agrees(number)
        verdict = "agrees" if agrees else "DOES NOT AGREE"
        if not figure.published:
            verdict += f" with {figure.text} (not in the article)"
        elif figure.note:
            verdict += f": {figure.note}"
        printed = figure.text if figure.published else ""
        rows.append(Row(figure.section, figure.symbol, printed, number, agrees, verdict))
    return rows


def sections(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows by the article's sections, in its order."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.section, []).append(row)
    return grouped


def closing_table(closing: dict[str, list[float]], rounds: int) -> Closing:
    """Compare the closing figures of each schedule, as `nn.article.network.train` returns them after so many rounds.

    >>> table = closing_table({"sequential": article.train("sequential", range(1))[1]}, rounds=1)
    >>> [row.verdict for row in table.rows]
    ['sequential agrees', '', '', '']
    """
    figures = [figure for figure in article.FIGURES if figure.section == article.CLOSING]
    rows = []
    for i, figure in enumerate(figures):
        computed = {schedule: numbers[i] for schedule, numbers in closing.items()}
        if i == 0 or rounds == article.ROUNDS:
            failures, verdict = _compare(figure, computed, i)
            rows.append(ClosingRow(figure.symbol, figure.text, computed, failures, verdict))
        else:
            symbol = figure.symbol.replace(f"{article.ROUNDS:,}", f"{rounds:,}")
            rows.append(ClosingRow(symbol, "", computed, 0, ""))
    notes = [f"{schedule}: {PRINTED_BY[schedule]}." for schedule in closing]
    notes.append(EXPLANATION)
    if rounds != article.ROUNDS:
        notes.append(
            f"The article trains for {article.ROUNDS:,} rounds; only the figure after round 1 can be compared."
        )
    return Closing(tuple(closing), tuple(rows), tuple(notes))


def _compare(figure: article.Figure, computed: dict[str, float], index: int) -> tuple[int, str]:
    """How many schedules give another number than they should, and what to say of each."""
    failures = 0
    verdicts = []
    for schedule, number in computed.items():
        right = abs(number - article.CLOSING_REFERENCE[schedule][index]) <= article.CLOSING_TOLERANCE
        if schedule == "sequential":  # the schedule of the article's closing figures, digit for digit
            right = right and figure.agrees(number)
        failures += not right
        if not right:
            verdicts.append(f"{schedule} DOES NOT AGREE")
        elif figure.agrees(number):
            verdicts.append(f"{schedule} agrees")
    return failures, ", ".join(verdicts) or "differs, as explained below"
