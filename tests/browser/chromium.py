"""Chromium for the tests: where it stands, how it is started, and what is held against a page that it opened."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Dialog, Page

# The sandbox needs privileges that a container lacks; the rest keeps the browser from calling home.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
WIDTHS = (360, 768, 1920)
AXE = Path(sys.prefix) / "npm/node_modules/axe-core/axe.min.js"

# What reaches out of the window where nothing scrolls it into view: boxes and texts, and the document if it scrolls.
OVERFLOW = """() => {
  const edge = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth - edge;
  const found = wide > 0 ? [`the document is ${wide} px too wide`] : [];
  const scrolls = element => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  const reachable = element => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (scrolls(box)) return true;
    }
    return false;
  };
  const outside = box => box.width > 1 && box.height > 1 && (box.right > edge + 0.5 || box.left < -0.5);
  for (const element of document.body.querySelectorAll("*")) {
    if (["SCRIPT", "STYLE"].includes(element.tagName) || !element.checkVisibility()) continue;
    const boxes = [element.getBoundingClientRect()];
    if (boxes[0].width <= 1 && getComputedStyle(element).overflowX === "hidden") continue;  // for screen readers only
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      boxes.push(range.getBoundingClientRect());
    }
    if (!scrolls(element) && !reachable(element) && boxes.some(outside)) {
      const name = element.getAttribute("class") ?? "";
      found.push(`<${element.localName} class="${name}"> ${element.textContent.slice(0, 40)}`);
    }
  }
  return found;
}"""


def chromium() -> str:
    """The browser's path."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "Chromium is not installed: apt-get install chromium"
    return path


@dataclass
class Watch:
    """What a page must not do: write to the console, raise, or ask for anything but its own file."""

    address: str
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("console", lambda message: self.complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._dismiss)

    def follow_requests(self, context: BrowserContext) -> None:
        # On the context: a request of a window or a worker that the page opened counts too.
        context.on("request", lambda request: self._asked(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, address: str) -> None:
        if address.partition("#")[0] != self.address:
            self.complaints.append(f"request: {address[:200]}")


def overflow(page: Page) -> list[str]:
    """What is too wide for the window, without a box that scrolls around it."""
    found: list[str] = page.evaluate(OVERFLOW)
    return found


def axe(page: Page) -> list[str]:
    """The violations that axe-core finds in the page as it stands, one line for each element."""
    assert AXE.exists(), "axe-core is not installed: run `make browser`, which installs it into the virtual environment"
    if not page.evaluate("() => typeof globalThis.axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate("() => axe.run(document)")
    assert len(result["passes"]) > 5, "axe-core has hardly checked anything"
    return [
        f"{violation['id']}: {violation['help']}: {' '.join(map(str, node['target']))}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
