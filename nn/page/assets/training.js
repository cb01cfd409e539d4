// A network and its training set with the numbers of one round: forward, backward and update over all samples.

class Training {
  constructor(doc) {
    this.doc = doc;
    this.tape = new Tape(doc);
    this.scratch = this.tape.frame();
    this.parameterIndex = new Map(doc.parameters.map((node, i) => [node, i]));
    this.isBias = doc.parameters.map((node) => doc.nodes[node].kind === "bias");
    this.parameters = Float64Array.from(doc.parameters, (node) => doc.nodes[node].start);
  }

  /** Train with these settings from now on: {rate, schedule, biases, set, samples}. */
  use(settings) {
    if (settings !== this.settings) {
      this.settings = settings;
      this.frames = settings.samples.map(() => this.tape.frame());
    }
  }

  get samples() {
    return this.settings.samples;
  }

  // What is asked of it.

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

  edgeDerivative(edge, sample) {
    return this.frames[sample].values[this.tape.edgeSlots[edge]];
  }

  predict(inputs) {
    const { values } = this.scratch;
    this.tape.load(values, this.parameters, inputs, []);
    Tape.run(this.tape.predictionSteps, values);
    return this.tape.outputSlots.map((slot) => values[slot]);
  }

  /** The derivative of a sample's error by central differences, {slope, error, agrees}: with the one given. */
  centralDifference(node, sample, derivative) {
    const errorAt = (x) => this.tape.errorAt(node, x, this.frames[sample], this.scratch);
    return centralDifference(errorAt, this.computedWith(node, sample), derivative);
  }

  /** Whether updates change a parameter. */
  isTrained(node) {
    const i = this.parameterIndex.get(node);
    return i !== undefined && (this.settings.biases || !this.isBias[i]);
  }

  // One round.

  /** All values at the present parameters; returns the mean error. */
  forward() {
    this.frames.forEach((frame, i) => this.#forwardInto(frame, i));
    return this.#meanError(this.frames);
  }

  #forwardInto(frame, i) {
    const { inputs, targets } = this.samples[i];
    this.tape.load(frame.values, this.parameters, inputs, targets);
    this.tape.forward(frame);
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

  /** From the error down through all layers; in the sequential schedule their parameters change on the way. */
  backward() {
    this.beginBackward();
    for (let stage = this.tape.lastStage - 1; stage > 0; stage -= 1) {
      this.inside(stage);
      if (this.settings.schedule === "sequential") {
        this.update(stage);
        this.frames.forEach((frame) => this.tape.derive(frame, this.parameters));
      }
      this.below(stage);
    }
  }

  beginBackward() {
    this.frames.forEach((frame) => this.tape.beginBackward(frame));
  }

  inside(stage) {
    this.frames.forEach((frame) => this.tape.inside(stage, frame));
  }

  below(stage) {
    this.frames.forEach((frame) => this.tape.below(stage, frame));
  }

  /** A step against the mean gradient, of one layer's parameters, or of all. */
  update(stage = null) {
    const { doc, settings } = this;
    for (let i = 0; i < this.parameters.length; i += 1) {
      const node = doc.parameters[i];
      if ((settings.biases || !this.isBias[i]) && (stage === null || this.tape.stages[node] === stage)) {
        this.parameters[i] -= settings.rate * this.gradient(node);
      }
    }
  }

  /** The mean error at the present parameters, without touching what is shown. */
  errorNow() {
    const frames = this.samples.map((_, i) => {
      const frame = this.tape.frame();
      this.#forwardInto(frame, i);
      return frame;
    });
    return this.#meanError(frames);
  }
}
