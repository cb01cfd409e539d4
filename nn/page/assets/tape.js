// The network's program, replayed: forward along the tape, backward along the named-value graph, layer by layer.
// The tape computes every named value and the derivative along each edge; what is left for here is the chain rule.

class Tape {
  constructor(doc) {
    const { tape, nodes, edges } = doc;
    this.outputNode = doc.output;
    this.stages = nodes.map((node) => node.stage);
    this.lastStage = Math.max(...this.stages);
    this.slots = Int32Array.from(tape.values);
    this.inputSlots = doc.inputs.map((node) => this.slots[node]);
    this.targetSlots = doc.targets.map((node) => this.slots[node]);
    this.outputSlots = doc.outputs.map((node) => this.slots[node]);
    this.parameterSlots = doc.parameters.map((node) => this.slots[node]);
    this.template = new Float64Array(tape.inputs + tape.constants.length + tape.operations.length);
    tape.constants.forEach((constant, i) => {
      this.template[tape.inputs + i] = Tape.number(constant);
    });
    const first = tape.inputs + tape.constants.length;
    const steps = tape.operations.map(([name, ...operands], i) => {
      return { name: tape.names[name], to: first + i, operands };
    });
    const forward = Tape.needed(steps, this.slots);
    const prediction = Tape.needed(steps, this.outputSlots);
    this.forwardSteps = Tape.packed(steps.filter((step) => forward.has(step.to)));
    this.derivativeSteps = Tape.packed(steps.filter((step) => !forward.has(step.to)));
    this.predictionSteps = Tape.packed(steps.filter((step) => prediction.has(step.to)));
    // An edge of a layer's own leads to one of its sums or parameters; the others lead down, to what the layer reads.
    this.own = this.stages.map(() => []);
    this.down = this.stages.map(() => []);
    for (const [source, target, slot] of edges.toReversed()) {
      const stage = this.stages[target];
      (this.stages[source] >= stage ? this.own : this.down)[stage].push([source, target, slot]);
    }
    this.own = this.own.map(Tape.flat);
    this.down = this.down.map(Tape.flat);
    this.edgeSlots = edges.map((edge) => edge[2]);
  }

  /** A constant of the document: a number, or the text of one that JSON does not know. */
  static number(constant) {
    return { inf: Infinity, "-inf": -Infinity, nan: NaN }[constant] ?? constant;
  }

  /** The values that the given ones are made from, themselves included. */
  static needed(steps, slots) {
    const needed = new Set(slots);
    for (const step of steps.toReversed()) {
      if (needed.has(step.to)) {
        step.operands.forEach((operand) => needed.add(operand));
      }
    }
    return needed;
  }

  static flat(edges) {
    return Int32Array.from(edges.flat());
  }

  /** Steps as columns of numbers: a round goes through tens of thousands of them, most of which are + and ×. */
  static packed(steps) {
    const column = (read) => Int32Array.from(steps, read);
    return {
      kinds: column(({ name }) => ["add", "multiply"].indexOf(name)),
      to: column(({ to }) => to),
      operands: [0, 1, 2].map((i) => column(({ operands }) => operands[i] ?? 0)),
      functions: steps.map(({ name }) => OPERATIONS[name]),
    };
  }

  /** Run steps; one that makes the value `except`, if given, is left out. */
  static run({ kinds, to, operands: [first, second, third], functions }, values, except = -1) {
    for (let i = 0; i < to.length; i += 1) {
      const x = values[first[i]];
      const y = values[second[i]];
      if (to[i] === except) {
        continue;
      }
      if (kinds[i] === 1) {
        values[to[i]] = x * y;
      } else {
        values[to[i]] = kinds[i] === 0 ? x + y : functions[i](x, y, values[third[i]]);
      }
    }
  }

  /** Numbers for one sample: its values along the tape, and the error's derivative with respect to each named value. */
  frame() {
    return { values: this.template.slice(), derivatives: new Float64Array(this.slots.length) };
  }

  load(values, parameters, inputs, targets) {
    for (let i = 0; i < parameters.length; i += 1) {
      values[this.parameterSlots[i]] = parameters[i];
    }
    for (let i = 0; i < inputs.length; i += 1) {
      values[this.inputSlots[i]] = inputs[i];
    }
    for (let i = 0; i < targets.length; i += 1) {
      values[this.targetSlots[i]] = targets[i];
    }
  }

  forward({ values }) {
    Tape.run(this.forwardSteps, values);
    Tape.run(this.derivativeSteps, values);
  }

  /** Start at the error: its derivative with respect to itself is 1; hand it on to the predictions. */
  beginBackward(frame) {
    frame.derivatives.fill(0);
    frame.derivatives[this.outputNode] = 1;
    this.along(this.own[this.lastStage], frame);
    this.along(this.down[this.lastStage], frame);
  }

  /** The chain rule: each edge hands its target's derivative, times its own, on to its source. */
  along(edges, { values, derivatives }) {
    for (let i = 0; i < edges.length; i += 3) {
      derivatives[edges[i]] += derivatives[edges[i + 1]] * values[edges[i + 2]];
    }
  }

  /** The derivatives inside a layer: of its sums (the node deltas) and of its parameters. */
  inside(stage, frame) {
    this.along(this.own[stage], frame);
  }

  /** The derivatives of what a layer reads, by its parameters as they are now. */
  below(stage, frame) {
    this.along(this.down[stage], frame);
  }

  /** The derivatives along the edges once more, from the same values but other parameters. */
  derive(frame, parameters) {
    for (let i = 0; i < parameters.length; i += 1) {
      frame.values[this.parameterSlots[i]] = parameters[i];
    }
    Tape.run(this.derivativeSteps, frame.values);
  }

  backward(frame) {
    this.beginBackward(frame);
    for (let stage = this.lastStage - 1; stage > 0; stage -= 1) {
      this.inside(stage, frame);
      this.below(stage, frame);
    }
  }

  /** The error where one named value is another number than it comes out as; `scratch` is a frame to compute in. */
  errorAt(node, number, frame, scratch) {
    const { values } = scratch;
    const slot = this.slots[node];
    values.set(frame.values);
    values[slot] = number;
    Tape.run(this.forwardSteps, values, slot);
    return values[this.slots[this.outputNode]];
  }
}
