// The phases of a round: what happens in it, layer by layer, and what is known after each.

/** The phases of a network of so many layers under a schedule: {kind, stage, title, about}; no stage is all of them. */
function phasesOf(layers, schedule) {
  const sequential = schedule === "sequential";
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

/** Whether the values of a layer are computed once a phase is done. */
function isComputed({ kind, stage }, layer) {
  return kind === "backward" || kind === "update" || layer <= stage;
}

/** Whether the derivatives of a layer are. */
function isDerived({ kind, stage }, layer) {
  return kind !== "forward" && kind !== "error" && (stage === null || layer >= stage);
}
