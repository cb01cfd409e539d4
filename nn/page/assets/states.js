// What a reader has changed, and at which round: as the player keeps it, {round, settings, parameters or null}, and as
// plain data for an address, which may hold anything.

const MOST_ROUNDS = 1_000_000;
const MOST_CHANGES = 10_000; // and samples in each

function samplesOf({ inputs, targets }) {
  return inputs.map((row, i) => ({ inputs: [...row], targets: [...targets[i]], used: true }));
}

/** What the page starts with. */
function firstChange(doc) {
  const { rate, schedule, biases, set } = doc.settings;
  return { round: 0, settings: { rate, schedule, biases, set, samples: samplesOf(doc.sets[set]) }, parameters: null };
}

/** A change as plain data; the samples only where they are not those of a set. */
function describedChange({ round, settings: { rate, schedule, biases, set, samples }, parameters }) {
  return {
    round,
    rate,
    schedule,
    biases,
    ...(set >= 0 ? { set } : { samples }),
    ...(parameters ? { parameters: [...parameters] } : {}),
  };
}

const isRound = (round, least) => Number.isInteger(round) && round >= least && round <= MOST_ROUNDS;
const isRow = (row, length) => Array.isArray(row) && row.length === length && row.every(Number.isFinite);
const isSample = (doc, sample) => isRow(sample?.inputs, doc.inputs.length)
  && isRow(sample?.targets, doc.targets.length) && typeof sample.used === "boolean";

/** Whether samples can be trained on. */
function areSamples(doc, samples) {
  return Array.isArray(samples) && samples.length <= MOST_CHANGES && samples.every((sample) => isSample(doc, sample))
    && samples.some(({ used }) => used);
}

/** Whether plain data are a change of this network, at this round or later. */
function isChange(doc, change, least, last) {
  const { round, rate, schedule, biases, set, samples, parameters } = change ?? {};
  return isRound(round, least) && round <= last && Number.isFinite(rate)
    && ["simultaneous", "sequential"].includes(schedule) && typeof biases === "boolean"
    && (samples === undefined ? isRound(set, 0) && set < doc.sets.length : areSamples(doc, samples))
    && (parameters === undefined || isRow(parameters, doc.parameters.length));
}

/** The changes of a state that `describedChange` wrote, in the order of their rounds; null for anything else. */
function soundChanges(doc, state) {
  if (!isRound(state?.round, 0) || !Array.isArray(state.changes) || state.changes.length > MOST_CHANGES) {
    return null;
  }
  let least = 0;
  const changes = [];
  for (const change of state.changes) {
    if (!isChange(doc, change, least, state.round)) {
      return null;
    }
    const { round, rate, schedule, biases, set, samples, parameters } = change;
    const settings = samples
      ? { rate, schedule, biases, set: -1, samples: structuredClone(samples) }
      : { rate, schedule, biases, set, samples: samplesOf(doc.sets[set]) };
    changes.push({ round, settings, parameters: parameters ? Float64Array.from(parameters) : null, changed: true });
    least = round + 1;
  }
  return changes;
}
