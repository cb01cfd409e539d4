"""The pages that we write, opened in headless Chromium: MathML set as mathematics, no console message, no request.

`make browser` runs this; it needs Debian's package `chromium`, which .ci/run installs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autograd import Value, explain
from nn.__main__ import main
from nn.article import ArticleNetwork

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--window-size=1280,2000",
]
# Appended to a copy of the page, to report what the browser made of it. The page itself has no script.
MEASURE = """
<script>
  const heights = [...document.querySelectorAll("math")].map(e => e.getBoundingClientRect().height);
  const fractions = [...document.querySelectorAll("mfrac")].map(
    e => e.children[0].getBoundingClientRect().bottom <= e.children[1].getBoundingClientRect().top + 2);
  const scripts = [...document.querySelectorAll("msub")].map(
    e => e.children[1].getBoundingClientRect().bottom > e.children[0].getBoundingClientRect().bottom);
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = JSON.stringify({
    math: heights.length, flat: heights.filter(h => h < 8).length,
    fractions: fractions.length, upright: fractions.filter(x => x).length,
    subscripts: scripts.length, lowered: scripts.filter(x => x).length,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    requests: performance.getEntriesByType("resource").length,
  });
  document.body.append(out);
</script>"""


def opened(page: str, folder: Path) -> tuple[dict[str, int], list[str]]:
    """What the browser measured of a page, and the messages on its console."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    copy = folder / "page.html"
    without_policy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    end = without_policy.rfind("</body>")
    copy.write_text(without_policy[:end] + MEASURE + without_policy[end:] if end >= 0 else without_policy + MEASURE,
                    encoding="utf-8")
    command = [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", copy.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True)
    measured = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout)
    assert measured, done.stderr
    return json.loads(measured[1]), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("name", ["w5", "w1", "b1"])
def test_a_derivation_is_set_as_mathematics(name, tmp_path):
    values = ArticleNetwork().forward()
    page = explain(values["E_total"], values[name], step=0.5).to_html(page=True)
    measured, console = opened(page, tmp_path)
    assert console == []
    assert measured["math"] > 2
    assert measured["flat"] == 0
    assert measured["fractions"] == measured["upright"] > 2
    assert measured["subscripts"] == measured["lowered"] > 2
    assert measured["requests"] == 0


HOSTILE = ["</svg><script>alert(1)</script>", '"];x[', "back\\", "two\nlines", "<img src=x>", ""]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_out_as_text(name, tmp_path):
    x = Value(2.0, name=name)
    measured, console = opened(explain((x * x).named(name), x).to_html(page=True), tmp_path)
    assert console == []
    assert measured["math"] > 0
    assert measured["requests"] == 0


def test_the_report_opens_without_a_message_or_a_request(tmp_path):
    path = tmp_path / "report.html"
    assert main(["article", "--rounds", "5", "--report", str(path)]) == 0
    page = path.read_text(encoding="utf-8")
    assert "<script" not in page
    measured, console = opened(page, tmp_path)
    assert console == []
    assert measured["fractions"] == measured["upright"] > 50
    assert (measured["requests"], measured["wide"]) == (0, False)
