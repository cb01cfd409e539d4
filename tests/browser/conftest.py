"""A browser for the session, and pages in it that are watched while they are open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import FLAGS, Watch, chromium
from browser.hands import hand_of
from playwright.sync_api import Browser, Page, sync_playwright

import nn
from nn.__main__ import main

# A page that has not answered after this many milliseconds never will.
PATIENCE = 30_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a file from the disk; the test fails if the page complained or asked for anything."""
    opened: list[tuple[Any, Watch]] = []

    def open_file(
        path: Path,
        width: int = 1280,
        height: int = 900,
        color_scheme: str = "light",
        reduced_motion: str = "no-preference",
        fragment: str = "",
        complains: bool = False,
    ) -> Page:
        """Open `path`; `complains` leaves what the page does to the test, in `page.watch.complaints`."""
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            reduced_motion=reduced_motion,
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE)
        watch = Watch(path.as_uri())
        watch.follow_requests(context)
        page = context.new_page()
        watch.follow(page)
        page.watch = watch
        opened.append((context, Watch("") if complains else watch))
        page.goto(path.as_uri() + fragment)
        return page

    yield open_file
    for context, _ in opened:
        context.close()
    complaints = [complaint for _, watch in opened for complaint in watch.complaints]
    assert complaints == []


@pytest.fixture(params=["mouse", "keyboard"])
def hand(request: pytest.FixtureRequest) -> Callable[[Page], Any]:
    """A function from a page to the hand that works it: a test that asks for it is done once by each."""
    return lambda page: hand_of(request.param, page)


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from "article", "xor" and so on to the page that `python -m nn page` writes for it."""
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def written(name: str) -> Path:
        path = folder / f"{name}.html"
        assert main(["page", name, "--out", str(path)]) == 0
        return path

    return written


@pytest.fixture
def steep(tmp_path: Path) -> Path:
    """A line through one point, with a learning rate far too large: each round makes the error 49 times as large."""
    line = nn.MLP(1, [1])
    for parameter in line.parameters():
        parameter.data = 0.0
    path = tmp_path / "steep.html"
    line.page(([[1.0]], [[1.0]]), path, lr=4.0, title="A steep line", rounds=50)
    return path
