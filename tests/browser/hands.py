"""Two ways to work a page, the mouse and the keyboard, with the same moves, so that one test can be done by either."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

MOST_STOPS = 250  # for Tab to come round a page
# A point of a shape in a picture that nothing else covers, in the window; a slanting line has little in its middle.
POINT = """shape => {
  shape.scrollIntoView({block: "center"});
  for (const part of shape.querySelectorAll("path, circle, rect")) {
    for (let share = 0.02; share < 1; share += 0.02) {
      const on = part.getPointAtLength(part.getTotalLength() * share).matrixTransform(part.getScreenCTM());
      if (shape.contains(document.elementFromPoint(on.x, on.y))) return [on.x, on.y];
    }
  }
  return null;
}"""
FOCUSED = "element => element === document.activeElement"


class Mouse:
    """Points and clicks; types only into the field that was clicked."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        if not target.evaluate("element => element instanceof SVGElement"):
            target.click()
            return
        point = target.evaluate(POINT)
        assert point, f"{target} is covered all over"
        self.page.mouse.click(*point)

    def write(self, field: Locator, text: str) -> None:
        field.click(click_count=3)
        self.page.keyboard.type(text)
        self.page.mouse.click(*self._bare_place())

    def pick(self, option: Locator) -> None:
        """Choose one of a group of radio buttons, or tick a box."""
        option.check()

    def choose(self, field: Locator, label: str) -> None:
        # A list's choices are drawn by the system and have no place in the page to click on.
        field.select_option(label=label)

    def _bare_place(self) -> tuple[float, float]:
        """A point of the title: nothing happens there, but a field that was typed into is left."""
        box = self.page.get_by_role("heading").first.bounding_box()
        assert box is not None
        if not 0 <= box["y"] <= 500:
            self.page.get_by_role("heading").first.scroll_into_view_if_needed()
            box = self.page.get_by_role("heading").first.bounding_box()
            assert box is not None
        return box["x"] + 2, box["y"] + 2


class Keyboard:
    """Walks by Tab until the focus is there: what Tab does not reach, it cannot press. The mouse is never used."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, target: Locator) -> None:
        target.wait_for(state="visible")
        element = target.element_handle()  # found once: to look for it by its name at each stop would take long
        for _ in range(MOST_STOPS):
            if element.evaluate(FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, target: Locator) -> None:
        self.reach(target)
        self.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def pick(self, option: Locator) -> None:
        if option.get_attribute("type") != "radio":
            self.reach(option)
            if not option.is_checked():
                self.page.keyboard.press("Space")
            return
        # Tab stops at the one of the group that is chosen; the arrow keys choose another.
        group = option.evaluate("element => element.name")
        chosen = self.page.locator(f"input[type=radio][name='{group}']:checked")
        self.reach(chosen)
        for _ in range(10):
            if option.evaluate(FOCUSED):
                break
            self.page.keyboard.press("ArrowDown")
        assert option.is_checked()

    def choose(self, field: Locator, label: str) -> None:
        self.reach(field)
        for key in ("Home", *["ArrowDown"] * 20):
            self.page.keyboard.press(key)
            if field.evaluate("element => element.selectedOptions[0].label") == label:
                return
        raise AssertionError(f"the arrow keys do not come to {label!r}")


Hand = Mouse | Keyboard


def hand_of(name: str, page: Page) -> Any:
    return {"mouse": Mouse, "keyboard": Keyboard}[name](page)
