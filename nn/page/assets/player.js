// A training on its way, forward and back: the same round always has the same numbers, however one comes to it.
// What a reader changes holds from the present round on; what came after it is forgotten.

const MOST_SNAPSHOTS = 512;
const MOST_ROUNDS = 1_000_000;
const MOST_RESTORED = 20_000_000; // steps of the tape, which take some tenths of a second
const EXPLODED = 1e8; // an error so many times the first one with these settings is a divergence, long before infinity
const [STEP_LEVELS, STEP_SHRINK] = [12, 1.6]; // steps of the central differences, each smaller than the one before

class Player {
  #segments; // what was changed, and at which round: {round, settings, parameters or null}, from round 0 on
  #snapshots; // parameters by round, every #stride rounds
  #stride;
  #previous; // the parameters one round ago
  #since; // the round from which the present settings hold
  #pending = false; // whether that round is not finished
  #checked; // the largest deviation from the engine at each recorded round that was passed

  constructor(doc) {
    this.doc = doc;
    this.tape = new Tape(doc);
    this.scratch = this.tape.frame();
    this.parameterIndex = new Map(doc.parameters.map((node, i) => [node, i]));
    this.isBias = doc.parameters.map((node) => doc.nodes[node].kind === "bias");
    const { rate, schedule, biases, set } = doc.settings;
    this.#begin([{ round: 0, settings: { rate, schedule, biases, set, samples: this.#samplesOf(set) }, parameters: null }]);
  }

  #samplesOf(set) {
    const { inputs, targets } = this.doc.sets[set];
    return inputs.map((row, i) => ({ inputs: [...row], targets: [...targets[i]], used: true }));
  }

  #begin(segments) {
    this.#segments = segments;
    this.#snapshots = new Map();
    this.#stride = 1;
    this.#checked = new Map();
    this.errors = [];
    this.round = 0;
    this.end = 0;
    this.phase = null;
    this.#pending = false;
    this.diverged = null;
    this.parameters = Float64Array.from(this.doc.parameters, (node) => this.doc.nodes[node].start);
    this.#previous = this.parameters.slice();
    this.#enter();
    this.#show();
  }

  // What is asked of it.

  get error() {
    return this.errors[this.round];
  }

  get set() {
    return this.settings.set;
  }

  get samples() {
    return this.settings.samples;
  }

  value(node, sample) {
    const i = this.parameterIndex.get(node);
    return i === undefined ? this.computedWith(node, sample) : this.parameters[i];
  }

  /** The number with which the shown values were computed: of a parameter that was just updated, the one before. */
  computedWith(node, sample) {
    return this.frames[sample].values[this.tape.slots[node]];
  }

  derivative(node, sample) {
    return this.frames[sample].derivatives[node];
  }

  /** The derivative of the mean error over the training set with respect to a parameter. */
  gradient(node) {
    const { samples, frames } = this;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < samples.length; i += 1) {
      if (samples[i].used) {
        sum += frames[i].derivatives[node];
        count += 1;
      }
    }
    return sum / count;
  }

  lastChange(node) {
    const i = this.parameterIndex.get(node);
    return this.parameters[i] - this.#previous[i];
  }

  edgeDerivative(edge, sample) {
    return this.frames[sample].values[this.tape.edgeSlots[edge]];
  }

  predict(inputs) {
    const { values } = this.scratch;
    this.tape.load(values, this.parameters, inputs, []);
    Tape.run(this.tape.predictionSteps, values);
    return this.tape.outputSlots.map((slot) => values[slot]);
  }

  /**
   * The derivative of a sample's error by central differences, extrapolated to a step of zero, and its own error.
   * Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).
   */
  centralDifference(node, sample) {
    const at = this.computedWith(node, sample);
    const errorAt = (x) => this.tape.errorAt(node, x, this.frames[sample], this.scratch);
    const squaredShrink = STEP_SHRINK * STEP_SHRINK;
    let step = Math.abs(at) > 1e-3 ? 0.1 * Math.abs(at) : 0.01;
    while (!Number.isFinite(errorAt(at + step)) || !Number.isFinite(errorAt(at - step))) {
      step /= 4;
      if (!(step > 1e-13 * Math.abs(at))) {
        return { slope: NaN, error: Infinity };
      }
    }
    let best = { slope: NaN, error: Infinity };
    let previous = [];
    for (let level = 0; level < STEP_LEVELS; level += 1) {
      const [high, low] = [errorAt(at + step), errorAt(at - step)];
      const width = at + step - (at - step);
      const noise = (4 * Number.EPSILON * (Math.abs(high) + Math.abs(low))) / width;
      const row = [(high - low) / width];
      let weight = 1;
      for (let i = 0; i < level; i += 1) {
        weight *= squaredShrink;
        row.push((row[i] * weight - previous[i]) / (weight - 1));
        const error = Math.max(Math.abs(row[i + 1] - row[i]), Math.abs(row[i + 1] - previous[i])) + noise;
        best = error < best.error ? { slope: row[i + 1], error } : best;
      }
      previous = row;
      step /= STEP_SHRINK;
    }
    return best;
  }

  // Training.

  /** Train so many rounds; ends earlier where the training diverges. */
  advance(rounds) {
    this.#finishRound();
    for (let i = 0; i < rounds && !this.diverged && this.round < MOST_ROUNDS; i += 1) {
      this.#oneRound();
    }
    this.#show();
  }

  #oneRound() {
    const { tape, frames } = this;
    this.#forward();
    if (this.#isLost()) {
      return;
    }
    frames.forEach((frame) => tape.beginBackward(frame));
    for (let stage = tape.lastStage - 1; stage > 0; stage -= 1) {
      this.#backward(stage);
    }
    this.#endRound();
  }

  #forward() {
    this.frames.forEach((frame, i) => {
      const { inputs, targets } = this.samples[i];
      this.tape.load(frame.values, this.parameters, inputs, targets);
      this.tape.forward(frame);
    });
    this.errors[this.round] = this.#meanError(this.frames);
  }

  #meanError(frames) {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < frames.length; i += 1) {
      if (this.samples[i].used) {
        sum += frames[i].values[this.tape.slots[this.doc.output]];
        count += 1;
      }
    }
    return sum / count;
  }

  /** One layer backward; in the sequential schedule its parameters change before the layer below hears of it. */
  #backward(stage) {
    const { tape, frames } = this;
    frames.forEach((frame) => tape.inside(stage, frame));
    if (this.settings.schedule === "sequential") {
      this.#update(stage);
      frames.forEach((frame) => tape.derive(frame, this.parameters));
    }
    frames.forEach((frame) => tape.below(stage, frame));
  }

  /** A step against the mean gradient, of one layer's parameters, or of all. */
  #update(stage = null) {
    const { doc, settings } = this;
    for (let i = 0; i < this.parameters.length; i += 1) {
      const node = doc.parameters[i];
      if ((settings.biases || !this.isBias[i]) && (stage === null || this.tape.stages[node] === stage)) {
        this.parameters[i] -= settings.rate * this.gradient(node);
      }
    }
  }

  #endRound() {
    const before = this.roundStart;
    if (this.settings.schedule === "simultaneous") {
      this.#update();
    }
    this.#previous.set(before);
    this.round += 1;
    this.end = Math.max(this.end, this.round);
    this.#enter();
  }

  /** Arrive at a round: apply what was changed there, keep its parameters, compare them with the engine's. */
  #enter() {
    const segment = this.#segments.findLast(({ round }) => round <= this.round);
    if (segment.settings !== this.settings) {
      this.settings = segment.settings;
      this.frames = this.settings.samples.map(() => this.tape.frame());
    }
    if (segment.round === this.round && segment.parameters) {
      this.parameters.set(segment.parameters);
    }
    if (this.round === 0) {
      this.#previous.set(this.parameters);
    }
    this.#since = segment.round;
    this.roundStart = this.parameters.slice();
    if (this.round % this.#stride === 0) {
      this.#snapshots.set(this.round, this.roundStart);
      if (this.#snapshots.size > MOST_SNAPSHOTS) {
        this.#stride *= 2;
        this.#snapshots.forEach((_, round) => round % this.#stride && this.#snapshots.delete(round));
      }
    }
    this.#check();
  }

  #check() {
    const { frames } = this.doc;
    const place = frames.rounds.indexOf(this.round);
    if (place >= 0 && this.#segments.length === 1 && !this.#segments[0].changed) {
      const deviations = frames.parameters[place].map((number, i) => Math.abs(number - this.parameters[i]));
      this.#checked.set(this.round, Math.max(...deviations));
    }
  }

  #isLost() {
    if (Number.isFinite(this.error) && this.error <= EXPLODED * (1 + Math.abs(this.errors[this.#since]))) {
      return false;
    }
    let back = 0;
    for (let round = 0; round < this.round; round += 1) {
      back = this.errors[round] < this.errors[back] ? round : back;
    }
    this.diverged = { round: this.round, error: this.error, back };
    return true;
  }

  /** Compute what is shown of the present round: all values and true derivatives. */
  #show() {
    this.phase = null;
    this.#pending = false;
    this.#forward();
    this.frames.forEach((frame) => this.tape.backward(frame));
    this.diverged = null;
    this.#isLost();
  }

  // Moving.

  goTo(round) {
    const aim = Math.min(Math.max(Math.trunc(round), 0), this.end);
    // From a round before it, so that the last change is known too.
    let from = Math.floor(Math.max(aim - 1, 0) / this.#stride) * this.#stride;
    while (!this.#snapshots.has(from)) {
      from -= this.#stride;
    }
    this.#returnTo(from);
    this.#replayTo(aim);
    this.#show();
  }

  /** Back to a round whose parameters are kept. */
  #returnTo(round) {
    this.round = round;
    this.parameters.set(this.#snapshots.get(round));
    this.#previous.set(this.parameters);
    this.#enter();
  }

  #replayTo(round) {
    while (this.round < round && !this.#replayRound()) {
      // all is done in the condition
    }
  }

  /** One round as in `advance`; returns whether it is the end because the training diverges here. */
  #replayRound() {
    const { round } = this;
    this.#oneRound();
    const stuck = this.round === round;
    this.diverged = null;
    return stuck;
  }

  change(changes) {
    this.#settle();
    const settings = { ...this.settings };
    let { parameters } = this.#segments.find(({ round }) => round === this.round) ?? { parameters: null };
    if ("set" in changes) {
      settings.set = changes.set;
      settings.samples = this.#samplesOf(changes.set);
    }
    if ("samples" in changes) {
      settings.set = -1;
      settings.samples = changes.samples.map(({ inputs, targets, used }) => {
        return { inputs: [...inputs], targets: [...targets], used };
      });
    }
    ["rate", "schedule", "biases"].forEach((name) => {
      settings[name] = changes[name] ?? settings[name];
    });
    if ("parameter" in changes) {
      parameters = (parameters ?? this.parameters).slice();
      parameters[this.parameterIndex.get(changes.parameter)] = changes.value;
    }
    this.#cut();
    this.#segments.push({ round: this.round, settings, parameters, changed: true });
    this.#enter();
    this.#show();
  }

  /** Forget what came after the present round, and what was changed in it. */
  #cut() {
    this.end = this.round;
    this.errors.length = this.round + 1;
    this.#segments = this.#segments.filter(({ round }) => round < this.round);
    this.#snapshots.forEach((_, round) => round > this.round && this.#snapshots.delete(round));
    this.#checked.forEach((_, round) => round >= this.round && this.#checked.delete(round));
  }

  // Phase by phase.

  get phases() {
    const layers = this.tape.lastStage - 1;
    const sequential = this.settings.schedule === "sequential";
    const name = (stage) => {
      return stage === layers ? "output layer" : layers === 2 ? "hidden layer" : `hidden layer ${stage}`;
    };
    const upward = Array.from({ length: layers }, (_, i) => i + 1);
    const forward = upward.map((stage) => ({
      kind: "forward",
      stage,
      title: `Forward: ${name(stage)}`,
      about: "Each neuron adds up its weighted inputs and its bias (net), and its activation makes out of that.",
    }));
    const error = {
      kind: "error",
      stage: layers + 1,
      title: "Error",
      about: "The predictions are compared with the targets: that is the number to be made smaller.",
    };
    const update = (stage, title, about) => ({ kind: "update", stage, title, about });
    const backward = upward.toReversed().flatMap((stage) => [
      {
        kind: "backward",
        stage,
        title: `Backward: ${name(stage)}`,
        about: "The chain rule: δ of each neuron, and from it the gradient of each of its weights.",
      },
      ...(sequential
        ? [update(stage, `Update: ${name(stage)}`, "These weights change before the layer below hears of the error.")]
        : []),
    ]);
    const all = [update(null, "Update", "Each weight takes a step against its gradient, all at the same time.")];
    return [...forward, error, ...backward, ...(sequential ? [] : all)];
  }

  nextPhase() {
    const { phases, tape, frames } = this;
    if (this.diverged) {
      return;
    }
    this.phase = this.phase === null || this.phase === phases.length - 1 ? 0 : this.phase + 1;
    const { kind, stage } = phases[this.phase];
    if (this.phase === 0) {
      this.#pending = true;
      this.#forward();
      frames.forEach((frame) => tape.beginBackward(frame));
    } else if (kind === "backward") {
      frames.forEach((frame) => tape.inside(stage, frame));
      if (this.settings.schedule === "simultaneous") {
        frames.forEach((frame) => tape.below(stage, frame));
      }
    } else if (kind === "update") {
      this.#updatePhase(stage);
    }
    if (this.phase === phases.length - 1) {
      this.#pending = false;
      const { settings } = this;
      this.#endRound();
      if (this.settings !== settings) { // something was changed here before: what is shown was of other settings
        this.#show();
        return;
      }
      this.errors[this.round] = this.#errorNow();
      this.#isLost();
    }
  }

  #updatePhase(stage) {
    if (stage !== null) {
      this.#update(stage);
      this.frames.forEach((frame) => {
        this.tape.derive(frame, this.parameters);
        this.tape.below(stage, frame);
        this.tape.derive(frame, this.roundStart); // what is shown was computed with these
      });
    }
  }

  /** The mean error at the present parameters, without touching what is shown. */
  #errorNow() {
    const frames = this.samples.map(({ inputs, targets }) => {
      const frame = this.tape.frame();
      this.tape.load(frame.values, this.parameters, inputs, targets);
      this.tape.forward(frame);
      return frame;
    });
    return this.#meanError(frames);
  }

  #finishRound() {
    while (this.#pending) {
      this.nextPhase();
    }
    this.phase = null;
  }

  /** Leave the phases: a round that is not finished has not begun. */
  #settle() {
    if (this.phase !== null) {
      this.parameters.set(this.roundStart);
      this.#show();
    }
  }

  known(node) {
    if (!this.#pending) {
      return true;
    }
    const { kind, stage } = this.phases[this.phase];
    const reached = kind === "forward" || kind === "error" ? stage : this.tape.lastStage;
    return this.tape.stages[node] <= reached || this.#isGiven(node);
  }

  knownDerivative(node) {
    if (!this.#pending) {
      return true;
    }
    const { kind, stage } = this.phases[this.phase];
    return kind !== "forward" && kind !== "error" && (stage === null || this.tape.stages[node] >= stage);
  }

  active(node) {
    if (this.phase === null) {
      return false;
    }
    const { kind, stage } = this.phases[this.phase];
    if (kind === "update") {
      const i = this.parameterIndex.get(node);
      const trained = i !== undefined && (this.settings.biases || !this.isBias[i]);
      return trained && (stage === null || this.tape.stages[node] === stage);
    }
    return this.tape.stages[node] === stage;
  }

  #isGiven(node) {
    return ["input", "target", "weight", "bias"].includes(this.doc.nodes[node].kind);
  }

  // To be kept and shared.

  /** All that it takes to come here again, for `restore`: the round, and what was changed at which round. */
  state() {
    const segments = this.#segments.filter(({ round, changed }) => changed && round <= this.round);
    return {
      round: this.round,
      changes: segments.map(({ round, settings: { rate, schedule, biases, set, samples }, parameters }) => ({
        round,
        rate,
        schedule,
        biases,
        ...(set >= 0 ? { set } : { samples }),
        ...(parameters ? { parameters: [...parameters] } : {}),
      })),
    };
  }

  /**
   * Take over a state; returns false, and changes nothing, for one that is none of this network's. Where its round is
   * far away, only the first rounds are trained here; the others are up to the caller.
   */
  restore(state) {
    const changes = this.#soundChanges(state);
    if (!changes) {
      return false;
    }
    const { rate, schedule, biases, set } = this.doc.settings;
    const first = { round: 0, settings: { rate, schedule, biases, set, samples: this.#samplesOf(set) }, parameters: null };
    this.#begin(changes[0]?.round === 0 ? changes : [first, ...changes]);
    const most = Math.max(...changes.map(({ settings }) => settings.samples.length), this.samples.length);
    const steps = most * this.tape.template.length;
    this.advance(Math.min(state.round, Math.ceil(MOST_RESTORED / steps)));
    return true;
  }

  #soundChanges(state) {
    const isRound = (round, least) => Number.isInteger(round) && round >= least && round <= MOST_ROUNDS;
    const isRow = (row, length) => Array.isArray(row) && row.length === length && row.every(Number.isFinite);
    const isSample = (sample) => {
      return isRow(sample?.inputs, this.doc.inputs.length) && isRow(sample?.targets, this.doc.targets.length)
        && typeof sample.used === "boolean";
    };
    if (!isRound(state?.round, 0) || !Array.isArray(state.changes) || state.changes.length > 10_000) {
      return null;
    }
    let least = 0;
    const changes = [];
    for (const change of state.changes) {
      const { round, rate, schedule, biases, set, samples, parameters } = change ?? {};
      const sound = isRound(round, least) && round <= state.round && Number.isFinite(rate)
        && ["simultaneous", "sequential"].includes(schedule) && typeof biases === "boolean"
        && (samples === undefined ? isRound(set, 0) && set < this.doc.sets.length : Array.isArray(samples) && samples.length <= 10_000 && samples.every(isSample)
          && samples.some(({ used }) => used))
        && (parameters === undefined || isRow(parameters, this.parameters.length));
      if (!sound) {
        return null;
      }
      least = round + 1;
      const settings = samples
        ? { rate, schedule, biases, set: -1, samples: samples.map((sample) => structuredClone(sample)) }
        : { rate, schedule, biases, set, samples: this.#samplesOf(set) };
      changes.push({ round, settings, parameters: parameters ? Float64Array.from(parameters) : null, changed: true });
    }
    return changes;
  }

  /** Rounds with their error and parameters, evenly spaced where there are more than `most`. */
  table(most = 2000) {
    const { round, doc } = this;
    // Where it would take long to compute the rounds between the kept ones again, those are left out.
    const isLong = this.end * this.samples.length * this.tape.template.length > MOST_RESTORED;
    const least = isLong ? this.#stride : 1;
    const spacing = least * Math.max(1, Math.ceil(this.end / most / least));
    const rows = [["round", "error", ...doc.parameters.map((node) => doc.nodes[node].name)]];
    for (let at = 0; at <= this.end; at += spacing) {
      if (this.#snapshots.has(at)) {
        this.#returnTo(at);
      }
      this.#replayTo(at);
      rows.push([at, this.errors[at], ...this.parameters]);
    }
    this.goTo(round);
    return rows;
  }

  /** How far the parameters are from those that the engine recorded; null where other settings were chosen. */
  deviation() {
    const found = [...this.#checked.values()];
    return found.length ? { frames: found.length, largest: Math.max(...found) } : null;
  }
}
