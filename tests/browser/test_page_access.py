"""The page for everybody: at every width, by the keyboard, with less motion."""

from __future__ import annotations

import re

import pytest
from browser.chromium import WIDTHS, overflow
from browser.engine import ROUNDS
from browser.hands import Keyboard
from browser.reading import button, edge, rows, wait_for_round
from playwright.sync_api import expect


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["article", "xor"])
def test_nothing_is_too_wide_in_any_state(name, page_file, open_page, width):
    page = open_page(page_file(name), width=width, height=740)
    assert overflow(page) == []
    weight = rows(page, "Parameters")[0][0]
    edge(page, weight).focus()
    page.keyboard.press("Enter")
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS)
    assert overflow(page) == []
    page.get_by_role("radio", name="logarithmic").check()
    page.get_by_role("radio", name="Graph of named values").check()
    page.get_by_text("What is the difference?").click()
    button(page, "Next phase").click()
    assert overflow(page) == []
    field = page.get_by_label(f"Value of {weight}", exact=True)
    field.fill("")
    field.press("Enter")
    button(page, "Copy link to this view").click()
    assert overflow(page) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("large", ["moons"])
def test_a_larger_network_is_not_too_wide_either(large, page_file, open_page, width):
    page = open_page(page_file(large), width=width, height=740)
    assert overflow(page) == []
    page.get_by_role("radio", name="Graph of named values").check()
    assert overflow(page) == []


# Elements whose style changes smoothly, or that move.
LASTING = """() => [...document.querySelectorAll(".autograd-page, .autograd-page *")].filter(element => {
  const style = getComputedStyle(element);
  const texts = [style.transitionDuration, style.animationDuration];
  return Math.max(...texts.flatMap(text => text.split(",").map(parseFloat))) > 0.01;
}).length"""


def test_with_less_motion_wanted_nothing_moves_by_itself(page_file, open_page):
    page = open_page(page_file("article"), reduced_motion="reduce")
    edge(page, "w1").focus()
    page.keyboard.press("Enter")
    button(page, "Step").click()
    assert page.evaluate("() => document.getAnimations().length") == 0
    assert page.evaluate(LASTING) == 0


# Where Tab has stopped: null outside the page, else which element, and whether one sees that it has the focus: it looks
# other without it, itself or one of its parts, the label around it or what a picture draws for it elsewhere.
STOP = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  element.dataset.stop ??= String(Math.random());
  const node = element.dataset.node;
  const twins = node === undefined ? [] : element.ownerSVGElement.querySelectorAll(`[data-node="${node}"]`);
  const around = [element, element.parentElement, ...twins];
  const parts = around.flatMap(part => [part, ...part.querySelectorAll("*")]);
  const look = () => parts.map(part => {
    const style = getComputedStyle(part);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.stroke, style.strokeWidth, style.fill];
  }).join();
  const focused = look();
  element.blur();
  const plain = look();
  element.focus({preventScroll: true, focusVisible: true});
  return {id: element.dataset.stop, tag: element.outerHTML.slice(0, 120), seen: focused !== plain};
}"""


@pytest.mark.parametrize("name", ["article", "xor"])
def test_every_stop_of_the_tab_key_shows_that_it_has_the_focus(name, page_file, open_page):
    page = open_page(page_file(name))
    seen, unseen = set(), []
    for _ in range(250):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or stop["id"] in seen:
            break
        seen.add(stop["id"])
        if not stop["seen"]:
            unseen.append(stop["tag"])
    assert unseen == []
    assert len(seen) > 40


def test_the_keyboard_never_loses_its_place(page_file, open_page):
    page = open_page(page_file("article"))
    worked = Keyboard(page)

    def place():
        return page.evaluate("() => document.activeElement === document.body ? null : document.activeElement.outerHTML")

    for name in ("Step", "Step back", "Next phase", "Play", "Pause", "Rewind", "Run 10,000 rounds"):
        worked.press(button(page, name))
        assert place() is not None, name
    wait_for_round(page, ROUNDS)
    assert place() is not None
    worked.press(edge(page, "w5"))
    worked.press(button(page, "Close"))
    expect(edge(page, "w5")).to_be_focused()
    worked.press(button(page, "Add sample"))
    worked.press(button(page, "Remove sample 2"))
    assert place() is not None
    worked.write(page.get_by_label("Value of w5", exact=True), "0.5")
    assert place() is not None
    page.set_viewport_size({"width": 600, "height": 800})
    assert place() is not None


def test_the_screen_reader_is_told_where_training_stands(page_file, open_page):
    page = open_page(page_file("article"))
    status = page.get_by_role("status")
    button(page, "Step").click()
    expect(status).to_contain_text("Round 1, error 0.291027774")
    button(page, "Next phase").click()
    expect(status).to_contain_text("Forward: hidden layer")
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS + 1)
    expect(status).to_contain_text("Round 10001")


def test_edges_and_neurons_are_named_with_their_numbers(page_file, open_page):
    page = open_page(page_file("article"))
    expect(edge(page, "w5")).to_have_accessible_name(re.compile(r"^w5, 0\.4\b.*gradient 0\.08217"))
    button(page, "Step").click()
    expect(edge(page, "w5")).to_have_accessible_name(re.compile(r"^w5, 0\.3589\b.*last change −0\.04108"))
    expect(page.get_by_role("button", name=re.compile("^neuron h1, net 0.377"))).to_be_visible()
