"""The tree of text: every node once, in as many characters as there are."""

import io
import sys

import pytest

from autograd import Value, sigmoid
from autograd.display.pictures.tree import tree
from nn.article.network import ArticleNetwork


def lines(outputs, **options):
    return str(tree(outputs, **options)).splitlines()


def test_the_article_has_each_value_and_gradient_on_a_line_of_its_own():
    total = ArticleNetwork().forward()["E_total"]
    total.backward()
    shown = [line.split() for line in lines(total, width=100, ascii=False)]
    assert shown[0] == ["E_total", "=", "+", "0.298371", "▲", "1"]
    assert [line[-4:] for line in shown if "w5" in line] == [["w5", "0.4", "▲", "0.082167"]]
    assert [line[-3:] for line in shown if "net_o2" in line] == [["1.22492", "▼", "-0.0380982"]]


def test_a_shared_node_stands_once_and_is_then_referred_to():
    x = Value(2.0, "x")
    square = x * x
    text = lines(square + square, width=40, ascii=True)
    assert text[1].split()[:2] == ["+-", "*"]
    assert text[3:] == ["|  `- ^ x", "`- ^ line 2: *"]


def test_two_values_of_one_name_are_referred_to_by_their_lines():
    first, second = Value(1.0, "x"), Value(2.0, "x")
    product = first * second
    assert lines(product + first, width=40, ascii=True)[-1] == "`- ^ line 3: x"


@pytest.mark.parametrize("width", [40, 57, 80])
def test_no_line_is_wider_than_the_width(width):
    x = y = Value(1.0, "x" * 200)
    for _ in range(100):
        y = -y
    assert max(map(len, lines(y * x, width=width, ascii=False))) <= width


def test_lines_beyond_the_most_are_counted():
    x = Value(1.0, "x")
    for _ in range(50_000):
        x = -x
    text = lines(x, width=60, max_lines=31)
    assert len(text) == 32
    assert text[-1].endswith(" 49,970 more nodes")


@pytest.mark.parametrize(("gradient", "code"), [(2.0, "31"), (-2.0, "34"), (float("nan"), "33"), (float("inf"), "33")])
def test_a_colour_tells_the_sign_of_a_gradient(gradient, code):
    x = Value(1.0, "x")
    x.grad = gradient
    assert f"\x1b[{code}m" in str(tree(x, width=60, colour=True))
    assert "\x1b" not in str(tree(x, width=60, colour=False))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_colours_are_for_a_terminal_without_no_color(monkeypatch):
    x = Value(1.0, "x")
    x.grad = 1.0
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in str(tree(x))
    monkeypatch.setattr(sys, "stdout", Terminal())
    coloured = str(tree(x))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = str(tree(x))
    monkeypatch.undo()
    assert "\x1b[31m" in coloured
    assert "\x1b" not in plain


def test_an_output_that_cannot_show_boxes_gets_ascii(monkeypatch):
    y = sigmoid(Value(1.0, "x"))
    y.backward()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = str(tree(y, width=60))
    monkeypatch.undo()
    assert text.isascii()
    assert not str(tree(y, width=60, ascii=False)).isascii()


def test_control_characters_of_a_name_are_shown_and_not_sent():
    text = str(tree(-Value(1.0, "a\x1b[31m\nb\x00"), width=80, colour=False))
    assert "a␛[31m↵b␀" in text
    assert len(text.splitlines()) == 2


def test_a_gradient_that_is_a_value_shows_its_number():
    x = Value(3.0, "x")
    (x * x).backward(create_graph=True)
    assert lines(x, width=60, ascii=True)[0].split() == ["x", "3", "6"]


@pytest.mark.parametrize("options", [{"width": 5}, {"max_lines": 0}])
def test_a_size_that_is_too_small_is_refused(options):
    with pytest.raises(ValueError, match="width is at least|max_lines is"):
        tree(Value(1.0), **options)
