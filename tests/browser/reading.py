"""What a page of ours says, read as a person or a screen reader would: by roles, names and table cells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

# A table's rows, as the texts of their cells; of a cell with a field, what stands in the field.
ROWS = """table => [...table.tBodies[0].rows].map(row => [...row.cells].map(
  cell => cell.querySelector("input:not([type=radio]):not([type=checkbox])")?.value ?? cell.textContent))"""
NUMBER = re.compile(r"−?\d+(?:\.\d+)?(?:e[−-]?\d+)?")

SCHEDULE_LABELS = {"simultaneous": "all at once (simultaneous)", "sequential": "output layer first (sequential)"}

Numbers = dict[str, list[str]]


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def edge(page: Page, name: str) -> Locator:
    """The shape in the diagram that stands for a weight, or for another number that has its name."""
    return page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}, "))


def present_round(page: Page) -> int:
    return int(page.locator("dt:text-is('Round') + dd").inner_text().replace(",", ""))


def present_error(page: Page) -> str:
    return page.locator("dt:text-matches('^Error') + dd").inner_text()


def wait_for_round(page: Page, number: int) -> None:
    expect(page.locator("dt:text-is('Round') + dd")).to_have_text(f"{number:,}", timeout=60_000)


def rewind(page: Page, hand: Any) -> None:
    """Go back to round 0; the button for it is dead there."""
    if present_round(page) > 0:
        hand.press(button(page, "Rewind"))
    assert present_round(page) == 0


def rows(page: Page, table: str) -> list[list[str]]:
    """A table's rows; `table`: what its caption begins with."""
    found: list[list[str]] = page.get_by_role("table", name=re.compile(f"^{table}")).evaluate(ROWS)
    assert found
    return found


def numbers(page: Page) -> Numbers:
    """Every number of the diagram's table twin: value, gradient and change, net, out and δ; and round and error."""
    both = rows(page, "Parameters") + rows(page, "Neurons and errors")
    return {row[0]: row[1:-1] for row in both} | {"round": [str(present_round(page)), present_error(page)]}


def derivation(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Derivation of {name}", exact=True)


def numbers_in(text: str) -> list[str]:
    """The numbers with decimals that stand in a text, without their signs."""
    return [found.removeprefix("−") for found in NUMBER.findall(text) if "." in found]


def downloaded(page: Page, name: str, folder: Path) -> Path:
    """The file that a button offers."""
    with page.expect_download(timeout=10_000) as offered:
        button(page, name).click()
    path = folder / offered.value.suggested_filename
    offered.value.save_as(path)
    return path
