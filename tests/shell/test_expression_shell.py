"""`python -m autograd EXPRESSION NAME=NUMBER ...`, run as a person runs it, and in this process."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd.__main__ import main
from autograd.shell.answers import MOST_SECOND

ROOT = Path(__file__).parents[2]
EXAMPLE = ["a*b + exp(c)", "a=2", "b=-3", "c=0.5"]
# By hand: the value -6 + exp(1/2), the gradients (b, a, exp(c)); exp(1/2) from mpmath.
ROOT_OF_E = 1.6487212707001281468
DOCUMENT = ROOT / "docs" / "shell.md"


def shell(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        cwd=ROOT, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
    )  # fmt: skip


def answer(capsys, *arguments):
    status = main(arguments)
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


def refusal(capsys, *arguments):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err


def test_value_and_gradients_are_printed_in_an_aligned_table():
    done = shell(*EXAMPLE)
    assert (done.returncode, done.stderr) == (0, "")
    heading, empty, *table = done.stdout.splitlines()
    name, value = heading.split(" = ")
    assert (name, empty) == ("a*b + exp(c)", "")
    assert float(value) == pytest.approx(-6 + ROOT_OF_E, rel=1e-15)
    assert table[0].split() == ["name", "value", "∂/∂name"]
    assert [row.split()[:2] for row in table[1:]] == [["a", "2.0"], ["b", "-3.0"], ["c", "0.5"]]
    assert [float(row.split()[2]) for row in table[1:]] == pytest.approx([-3.0, 2.0, ROOT_OF_E], rel=1e-15)
    assert {len(line) for line in table} == {len(table[0])}


def test_json_has_the_expression_the_value_and_each_variable(capsys):
    assert answer(capsys, "a*a*b", "a=3", "b=-0.5", "--json") == {
        "expression": "a*a*b",
        "value": -4.5,
        "variables": {"a": {"value": 3.0, "gradient": -3.0}, "b": {"value": -0.5, "gradient": 9.0}},
    }


def test_second_derivatives_are_by_pairs_of_variables(capsys):
    # By hand: f = x³y + exp(2z); f_xx = 6xy, f_xy = 3x², f_zz = 4·exp(2z).
    second = answer(capsys, "x**3*y + exp(2*z)", "x=2", "y=5", "z=0", "unused=7", "--json", "--second")["second"]
    assert second == {
        "x": {"x": 60.0, "y": 12.0, "z": 0.0, "unused": 0.0},
        "y": {"x": 12.0, "y": 0.0, "z": 0.0, "unused": 0.0},
        "z": {"x": 0.0, "y": 0.0, "z": 4.0, "unused": 0.0},
        "unused": {"x": 0.0, "y": 0.0, "z": 0.0, "unused": 0.0},
    }


def test_second_derivatives_agree_with_mpmath_and_leave_the_gradient_as_it_is(capsys):
    # mpmath.diff at 40 digits, at (1/2, 3/2).
    text = "atan2(y, x) + hypot(x, y)*erf(x) - polygamma(1, y)"
    result = answer(capsys, text, "x=0.5", "y=1.5", "--json", "--second")
    assert result["variables"]["x"]["gradient"] == pytest.approx(0.95407377232921305351, rel=1e-14)
    assert result["variables"]["y"]["gradient"] == pytest.approx(1.5225861849528904389, rel=1e-14)
    assert result["second"]["x"]["x"] == pytest.approx(-0.29741263082267147745, rel=1e-13)
    assert result["second"]["x"]["y"] == pytest.approx(1.0549284471100996548, rel=1e-13)
    assert result["second"]["y"]["x"] == pytest.approx(1.0549284471100996548, rel=1e-13)
    assert result["second"]["y"]["y"] == pytest.approx(-1.6161717312878658736, rel=1e-13)


def test_the_second_derivatives_of_a_bare_name_are_zero(capsys):
    result = answer(capsys, "a", "a=2", "--json", "--second")
    assert (result["variables"]["a"]["gradient"], result["second"]) == (1.0, {"a": {"a": 0.0}})


def test_second_derivatives_are_printed_below_the_gradient(capsys):
    assert main(["x*x*y", "x=3", "y=2", "--second"]) == 0
    assert capsys.readouterr().out.splitlines()[6:] == [
        "second derivatives",
        "       ∂/∂x   ∂/∂y",
        "∂/∂x    4.0    6.0",
        "∂/∂y    6.0    0.0",
    ]


def test_second_derivatives_are_refused_for_too_many_variables(capsys):
    names = [f"v{i}" for i in range(MOST_SECOND + 1)]
    err = refusal(capsys, "+".join(names), "--second", *(f"{name}=1" for name in names))
    assert f"up to {MOST_SECOND} variables, not {MOST_SECOND + 1}" in err


def test_what_is_not_finite_is_a_string_in_json(capsys):
    result = answer(capsys, "log(a) + 1/b - c*0", "a=0", "b=inf", "c=-inf", "--json", "--second")
    assert result["value"] == "nan"
    # By hand, as IEEE-754 has it: 1/0 and -1/0²; -1/inf² is -0; the derivative of c·0 is 0.
    assert result["variables"] == {
        "a": {"value": 0.0, "gradient": "inf"},
        "b": {"value": "inf", "gradient": 0.0},
        "c": {"value": "-inf", "gradient": 0.0},
    }
    assert result["second"]["a"]["a"] == "-inf"


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["-a*b", "a=2", "b=3"], -6.0),
        (["-a", "a=-2"], 2.0),
        (["--a", "a=-2"], -2.0),
        (["-h", "h=2"], -2.0),
        (["--help-a", "help=5", "a=2"], 3.0),
        (["-1"], -1.0),
        (["-(1)"], -1.0),
        (["--", "-a", "a=2"], -2.0),
        (["--json", "-a*2", "a=-2e0"], 4.0),
        (["a", "a=-1e-3"], -0.001),
        (["a", " a = 2 "], 2.0),
        (["where(a==b, 1, 2)", "a=1", "b=1"], 1.0),
    ],
)
def test_a_minus_sign_in_front_is_not_an_option(capsys, arguments, value):
    assert answer(capsys, "--json", *arguments)["value"] == value


def test_a_power_tower_is_infinite_at_once():
    start = time.perf_counter()
    done = shell("9**9**9**9")
    assert (done.returncode, done.stdout, done.stderr) == (0, "9**9**9**9 = inf\n", "")
    assert time.perf_counter() - start < 2.0


def test_a_variable_that_is_not_in_the_expression_is_noted(capsys):
    assert main(["a", "a=1", "b=2"]) == 0
    out, err = capsys.readouterr()
    assert err == "note: not in the expression: b\n"
    assert out.splitlines()[-1].split() == ["b", "2.0", "0.0"]


def test_a_long_expression_is_shown_in_short(capsys):
    assert main(["+".join(["a"] * 1000), "a=0.5"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("a+a+")
    assert first.endswith("+a+a = 500.0")
    assert len(first) < 140


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "no expression was given"),
        (["--json"], "no expression was given"),
        (["a=2"], "the expression comes first, then 'a=2'"),
        (["a"], "unknown name 'a'"),
        (["a", "b"], "NAME=NUMBER for each variable, not 'b'"),
        (["a", "a=x"], "a is given 'x', which is not a number"),
        (["a", "a="], "a is given '', which is not a number"),
        (["a", "a=1+1"], "'1+1', which is not a number"),
        (["a", "a=1e999"], "beyond the largest float"),
        (["a", "a=" + "1" * 5000], "which is not a number"),
        (["a", "a=1", "a=1"], "'a' is given twice"),
        (["\u00b5", "\u00b5=1", "\u03bc=1"], "is given twice"),
        (["a", "2x=3"], "'2x' is not a name"),
        (["a", "a.b=3"], "'a.b' is not a name"),
        (["a", "=3"], "'' is not a name"),
        (["a", "lambda=3"], "'lambda' is a word of Python's"),
        (["a", "sin=3"], "'sin' is a function"),
        (["a", "a=1", "--secnd"], "unknown option '--secnd'"),
        (["--secnd", "a", "a=1"], "unknown option '--secnd'"),
        (["--draw"], "no expression was given"),
        (["a", "a=1", "--draw"], "--draw"),
        (["a", "a=1", "--draw", "picture.gif"], "svg, png, pdf, dot"),
        (["a", "a=1", "--draw", "picture"], "svg, png, pdf, dot"),
        (["a", "a=1", "--draw", "/nowhere/at/all.dot"], "cannot write the picture: No such file or directory"),
        (["a", "a=1", "--draw", "a\0.dot"], "null"),
        (["a.b", "a=1"], "an attribute"),
        (["a\n+", "a=1"], "ends too early"),
        (["a" * 10_000_000, "a=1"], "10,000,000 characters"),
        (["a", "b" * 10_000_000 + "=1"], "10,000,000 characters; up to 100"),
    ],
    ids=lambda item: item if isinstance(item, str) else " ".join(item)[:30].encode("unicode_escape").decode(),
)
def test_a_mistake_is_one_clear_line_and_status_2(capsys, arguments, part):
    assert part in refusal(capsys, *arguments)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a" + ")" * 10_000,
        "-" * 100_000 + "a",
        "-" * 29_000 + "a",
        "+".join(["a"] * 60_000),
        "+".join(["a"] * 14_000),
        "**".join(["9"] * 9_000),
        "a" + ".a" * 14_000,
        "1" * 5_000,
        "not " * 7_000 + "a",
        "a.__class__.__base__.__subclasses__()",
        "__import__('os').system('true')",
    ],
    ids=lambda text: f"{text[:8]}x{len(text)}",
)
def test_hostile_or_huge_input_is_one_clear_line_within_two_seconds(text):
    start = time.perf_counter()
    done = shell(text, "a=1")
    assert time.perf_counter() - start < 2.0
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_derivation_is_printed_below_the_table(capsys):
    # By hand: y + 1/x at (2, 5).
    assert main(["log(x) + x*y - sin(y)", "x=2", "y=5", "--explain", "x"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[6:9] == [
        "f = log(x) + x*y - sin(y)",
        "",
        "∂f/∂x = y + 1 / x = 5 + 1 / 2 = 5.5",
    ]
    assert out.count("∂f/∂") == 1


def test_all_explains_each_variable_of_the_expression_once(capsys):
    texts = answer(capsys, "a*b", "a=2", "b=3", "c=4", "--explain=b", "--explain", "all", "--json")["explain"]
    assert list(texts) == ["b", "a"]
    assert texts["a"].startswith("∂f/∂a = b = 3\n")
    assert texts["b"].startswith("∂f/∂b = a = 2\n")


def test_a_variable_called_all_is_explained_as_one(capsys):
    assert list(answer(capsys, "all*b", "all=2", "b=3", "--explain", "all", "--json")["explain"]) == ["all"]


def test_the_expression_is_called_by_a_letter_that_no_variable_has(capsys):
    names = ["f", "g", "h", "y", "z", "f1"]
    result = answer(capsys, "*".join(names), *(f"{name}=1" for name in names), "--explain", "g", "--json")
    assert result["name"] == "f2"
    assert result["explain"]["g"].startswith("∂f2/∂g = ")


def test_a_bare_variable_keeps_its_name(capsys):
    result = answer(capsys, "a", "a=2", "--explain", "a", "--json")
    assert result["explain"]["a"].startswith("∂a/∂a = 1\n")
    assert "name" not in result


def test_a_derivation_leaves_the_numbers_and_the_picture_as_they_are(capsys, tmp_path):
    plain = answer(capsys, *EXAMPLE, "--json", "--second", "--draw", str(tmp_path / "plain.dot"))
    path = tmp_path / "explained.dot"
    explained = answer(
        capsys, *EXAMPLE, "--json", "--second", "--explain", "all", "--tree", "--latex", f"--draw={path}"
    )
    assert {key: explained[key] for key in plain} == plain
    assert path.read_text(encoding="utf-8") == (tmp_path / "plain.dot").read_text(encoding="utf-8")


def test_the_formula_and_the_derivations_are_written_in_latex(capsys):
    result = answer(capsys, "sqrt(x)/y", "x=4", "y=5", "--latex", "--explain", "x", "--json")
    assert result["latex"] == r"\frac{\sqrt{x}}{y}"
    assert r"\frac{\partial f}{\partial x}" in result["explain"]["x"]
    assert main(["sqrt(x)/y", "x=4", "y=5", "--latex"]) == 0
    assert capsys.readouterr().out.endswith("\n\n" + result["latex"] + "\n")


def test_the_tree_has_each_variable_and_operation_with_its_number(capsys):
    tree = answer(capsys, "(a + b) * exp(b)", "a=2", "b=0.5", "--tree", "--json")["tree"]
    for text in ("a", "b", "exp", "2.5", "1.64872"):
        assert text in tree
    assert main(["(a + b) * exp(b)", "a=2", "b=0.5", "--tree"]) == 0
    assert capsys.readouterr().out.splitlines()[6].split()[0] == tree.split()[0] == "*"


def test_a_number_without_variables_is_its_own_formula(capsys):
    assert answer(capsys, "2*3", "--latex", "--json")["latex"] == "6.0"


def test_a_derivation_outside_the_domain_is_nan_and_no_error(capsys):
    assert main(["log(a)", "a=-1", "--explain", "a"]) == 0
    assert "check: backward nan" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a*b", "a=1", "b=2", "--explain", "c"], "'c': the expression has no such variable; the variables are a, b"),
        (["2*3", "--explain", "x"], "it has none"),
        (["a", "a=1", "--explain"], "expected one argument"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_line(capsys, arguments, message):
    assert message in refusal(capsys, *arguments)


def test_a_long_expression_is_explained_drawn_as_a_tree_and_written_in_latex_within_five_seconds(capsys):
    start = time.perf_counter()
    assert main(["+".join(["a*b"] * 900), "a=2", "b=3", "--explain", "all", "--tree", "--latex"]) == 0
    assert time.perf_counter() - start < 5.0
    assert "= 2700 " in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["dot", "svg", "png", "pdf"])
def test_the_graph_is_drawn_in_the_format_of_the_suffix(capsys, tmp_path, suffix):
    path = tmp_path / f"-graph.{suffix}"
    assert main([*EXAMPLE, "--draw", str(path)]) == 0
    assert capsys.readouterr().out.endswith(f"\n\nwrote {path}\n")
    start = {"dot": b"digraph", "svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)


def test_the_picture_has_the_names_the_operations_and_the_gradients(tmp_path, capsys):
    path = tmp_path / "graph.dot"
    assert answer(capsys, *EXAMPLE, "--json", "--second", f"--draw={path}")["expression"] == EXAMPLE[0]
    source = path.read_text(encoding="utf-8")
    for text in ("<B>a</B>", "<B>b</B>", "<B>c</B>", "<B>a*b + exp(c)</B>", "×", "exp", "1.64872", "-4.35128"):
        assert text in source
    assert "dashed" not in source  # every gradient is set


def test_a_large_graph_is_drawn_folded_to_its_variables(tmp_path, capsys):
    path = tmp_path / "graph.dot"
    assert main(["+".join(["a*b"] * 300), "a=2", "b=3", "--draw", str(path)]) == 0
    source = path.read_text(encoding="utf-8")
    assert source.count("->") == 2
    assert "<B>a</B>" in source
    capsys.readouterr()


def test_an_expression_without_variables_can_be_drawn(tmp_path, capsys):
    assert main(["2*3", "--draw", str(tmp_path / "graph.dot")]) == 0
    assert capsys.readouterr().out.startswith("2*3 = 6.0\n\nwrote ")


def test_help_has_an_example_and_the_functions():
    for option in ("--help", "-h"):
        done = shell(option)
        assert all(name in done.stdout for name in ("--second", "--explain", "--latex", "--tree", "--draw", "--json"))
        assert (done.returncode, done.stderr) == (0, "")
        assert 'python -m autograd "a*b + exp(c)" a=2 b=-3 c=0.5' in done.stdout
        assert re.search(r"functions: .*\bexp\b.*\batan2\b.*\bpolygamma\b", done.stdout, re.DOTALL)


def test_a_terminal_without_the_sign_of_a_derivative_shows_a_question_mark():
    done = shell("a*a", "a=2", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[2:] == ["name   value   ?/?name", "a        2.0       4.0"]


def test_a_reader_that_goes_away_is_no_error():
    command = [sys.executable, "-m", "autograd", "a*a", "a=2"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), err) == (141, b"")


def test_a_full_disk_is_one_clear_line(capsys, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys.stdout, "write", full)
    assert main(EXAMPLE) == 2
    assert capsys.readouterr().err == f"error: {os.strerror(errno.ENOSPC)}\n"


def test_streams_that_the_caller_has_closed_are_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(EXAMPLE) == 0
    assert main(["a +", "a=1"]) == 2


def test_an_interrupt_is_quiet(capsys, monkeypatch):
    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("autograd.__main__.differentiate", interrupted)
    assert main(EXAMPLE) == 130
    assert capsys.readouterr() == ("", "")


CONSOLE = re.findall(r"^```console\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.split("\n")[0].removeprefix("$ python -m autograd "))
def test_the_page_about_the_shell_shows_what_is_printed(block, tmp_path):
    command, _, expected = block.partition("\n")
    assert command.startswith("$ python -m autograd ")
    line = command.replace("$ python", f"'{sys.executable}'", 1)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, env=environment, encoding="utf-8", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.stdout == expected
