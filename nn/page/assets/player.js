// A training on its way, forward and back: the same round always has the same numbers, however one comes to it.
// What a reader changes holds from the present round on; what came after it is forgotten.

const MOST_SNAPSHOTS = 512;
const MOST_RESTORED = 20_000_000; // steps of the tape, which take some tenths of a second
const EXPLODED = 1e8; // an error so many times the first one with these settings is a divergence, long before infinity

class Player extends Training {
  #segments; // what was changed, and at which round: {round, settings, parameters or null}, from round 0 on
  #snapshots; // parameters by round, every #stride rounds
  #stride;
  #previous; // the parameters one round ago
  #since; // the round from which the present settings hold
  #pending = false; // whether that round is not finished
  #checked; // the largest deviation from the engine at each recorded round that was passed

  constructor(doc) {
    super(doc);
    this.#begin([firstChange(doc)]);
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

  lastChange(node) {
    const i = this.parameterIndex.get(node);
    return this.parameters[i] - this.#previous[i];
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
    this.errors[this.round] = this.forward();
    if (!this.#isLost()) {
      this.backward();
      this.#endRound();
    }
  }

  #endRound() {
    const before = this.roundStart;
    if (this.settings.schedule === "simultaneous") {
      this.update();
    }
    this.#previous.set(before);
    this.round += 1;
    this.end = Math.max(this.end, this.round);
    this.#enter();
  }

  /** Arrive at a round: apply what was changed there, keep its parameters, compare them with the engine's. */
  #enter() {
    const segment = this.#segments.findLast(({ round }) => round <= this.round);
    this.use(segment.settings);
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
    this.errors[this.round] = this.forward();
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
      settings.samples = samplesOf(this.doc.sets[changes.set]);
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
    return phasesOf(this.tape.lastStage - 1, this.settings.schedule);
  }

  nextPhase() {
    const { phases } = this;
    if (this.diverged) {
      return;
    }
    this.phase = this.phase === null || this.phase === phases.length - 1 ? 0 : this.phase + 1;
    const { kind, stage } = phases[this.phase];
    if (this.phase === 0) {
      this.#pending = true;
      this.errors[this.round] = this.forward();
      this.beginBackward();
    } else if (kind === "backward") {
      this.inside(stage);
      if (this.settings.schedule === "simultaneous") {
        this.below(stage);
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
      this.errors[this.round] = this.errorNow();
      this.#isLost();
    }
  }

  #updatePhase(stage) {
    if (stage !== null) {
      this.update(stage);
      this.frames.forEach((frame) => {
        this.tape.derive(frame, this.parameters);
        this.tape.below(stage, frame);
        this.tape.derive(frame, this.roundStart); // what is shown was computed with these
      });
    }
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

  /** Whether the present phase has computed a node's value. */
  known(node) {
    return !this.#pending || this.#isGiven(node) || isComputed(this.phases[this.phase], this.tape.stages[node]);
  }

  knownDerivative(node) {
    return !this.#pending || isDerived(this.phases[this.phase], this.tape.stages[node]);
  }

  /** Whether a node takes part in the present phase. */
  active(node) {
    if (this.phase === null) {
      return false;
    }
    const { kind, stage } = this.phases[this.phase];
    return (kind !== "update" || this.isTrained(node)) && (stage === null || this.tape.stages[node] === stage);
  }

  #isGiven(node) {
    return ["input", "target", "weight", "bias"].includes(this.doc.nodes[node].kind);
  }

  // To be kept and shared.

  /** All that it takes to come here again, for `restore`: the round, and what was changed at which round. */
  state() {
    const changes = this.#segments.filter(({ round, changed }) => changed && round <= this.round);
    return { round: this.round, changes: changes.map(describedChange) };
  }

  /**
   * Take over a state; returns false, and changes nothing, for one that is none of this network's. Where its round is
   * far away, only the first rounds are trained here; the others are up to the caller.
   */
  restore(state) {
    const changes = soundChanges(this.doc, state);
    if (!changes) {
      return false;
    }
    this.#begin(changes[0]?.round === 0 ? changes : [firstChange(this.doc), ...changes]);
    const most = Math.max(...changes.map(({ settings }) => settings.samples.length), this.samples.length);
    const steps = most * this.tape.template.length;
    this.advance(Math.min(state.round, Math.ceil(MOST_RESTORED / steps)));
    return true;
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
