// Central differences, which know nothing of the chain rule: what a derivation is checked by.

const [STEP_LEVELS, STEP_SHRINK] = [12, 1.6]; // steps, each smaller than the one before

/**
 * The derivative of a function by central differences, extrapolated to a step of zero, and how far it may be off.
 * Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).
 */
function centralDifference(errorAt, at) {
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
