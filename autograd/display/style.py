"""How a number, a name and a gradient look: one convention for every picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

FONT = "Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif"
INK = "#1f2328"  # text
MUTED = "#57606a"  # captions, edges
UNSET = "#eceef1"  # fill where no backward pass has set a gradient
ALARM = "#ffe28a"  # fill of a gradient that is nan or infinite

_POSITIVE = (229, 72, 57)
_NEGATIVE = (41, 112, 214)
_DECADES = 4.0  # gradients this many powers of ten below the largest have the palest tint
LONGEST = 48  # characters of a name that a label shows


@dataclass(frozen=True, slots=True)
class Look:
    """How one gradient is shown: `text` with its sign's mark, `fill` behind dark text, `line` as a stroke."""

    text: str
    fill: str
    line: str


def number_text(number: object) -> str:
    """A number with six significant digits; anything else as Python writes it.

    >>> number_text(1 / 3), number_text(2.0), number_text(True)
    ('0.333333', '2', 'True')
    """
    return f"{number:.6g}" if isinstance(number, float) else visible(repr(number))


def visible(text: str, longest: int = LONGEST) -> str:
    """`text` in one line of characters that every format can hold: a control character becomes its picture.

    Beyond `longest` characters it ends in an ellipsis.

    >>> visible("a\\n\\x00\\x1b"), visible("network", longest=4)
    ('a↵␀␛', 'net…')
    """
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(map(_visible_character, shown))


def _visible_character(character: str) -> str:
    code = ord(character)
    if character == "\n":
        return "↵"
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's pictures of the control characters
    if code == 0x7F:
        return "␡"
    if code < 0xA0 and code > 0x7F or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return character


def markup(text: str, longest: int = LONGEST) -> str:
    """`text` for an HTML-like label of Graphviz, where it shows as it is.

    >>> markup('<b> & \\\\N')
    '&lt;b&gt; &amp; &#92;&#92;N'
    """
    # Doubled, as even here Graphviz puts a node's name for \N and the graph's for \G.
    return escape(visible(text, longest)).replace("\\", "&#92;&#92;")


def hint(text: str) -> str:
    """`text` for a tooltip, longer than a label may be.

    Graphviz reads escapes such as \\\\N in a tooltip, twice over, so a backslash gives way to its double, U+29F5.

    >>> hint("a\\\\N")
    'a⧵N'
    """
    return markup(text.replace("\\", "⧵"), 4 * LONGEST)


def largest_gradient(gradients: Iterable[float | None]) -> float:
    """The largest finite absolute gradient, to which tints are relative; 0.0 where there is none."""
    return max((abs(g) for g in gradients if g is not None and math.isfinite(g)), default=0.0)


def look(gradient: float | None, largest: float) -> Look:
    """Colour and mark of a gradient: red and ▲ where positive, blue and ▼ where negative.

    The tint follows the logarithm of the absolute value, over four powers of ten down from `largest`.

    >>> look(0.25, 0.5).text, look(-0.25, 0.5).text, look(0.0, 0.5).text, look(None, 0.5).text
    ('▲ 0.25', '▼ -0.25', '0', 'not set')
    """
    if gradient is None:
        return Look("not set", UNSET, "#8c959f")
    mark = "▲ " if gradient > 0.0 else "▼ " if gradient < 0.0 else ""
    text = mark + number_text(gradient)
    if not math.isfinite(gradient):
        return Look(text + " !", ALARM, "#9a6700")
    if gradient == 0.0:
        return Look(text, "#ffffff", "#d0d7de")
    decades_below = math.log10(largest) - math.log10(abs(gradient)) if largest > 0.0 else 0.0
    strength = min(1.0, max(0.0, 1.0 - decades_below / _DECADES))
    colour = _POSITIVE if gradient > 0.0 else _NEGATIVE
    return Look(text, _on_white(colour, 0.10 + 0.45 * strength), _on_white(colour, 0.35 + 0.65 * strength))


def colour_bar(largest: float) -> str:
    """The tints from the strongest negative to the strongest positive one, as markup for a line of a legend."""
    sizes = [largest * 10.0**-power if largest > 0.0 else 1.0 for power in range(4)]
    fills = [look(-size, sizes[0]).fill for size in sizes] + [look(size, sizes[0]).fill for size in reversed(sizes)]
    blocks = "".join(f'<FONT COLOR="{fill}">██</FONT>' for fill in fills)
    ends = ("▼ " + number_text(-largest), "▲ " + number_text(largest)) if largest > 0.0 else ("▼", "▲")
    return f"{ends[0]}&#160; {blocks} &#160;{ends[1]}"


def _on_white(colour: tuple[int, int, int], opacity: float) -> str:
    return "#" + "".join(f"{round(255 + (channel - 255) * opacity):02x}" for channel in colour)
