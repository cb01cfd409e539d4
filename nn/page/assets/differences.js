// Central differences, which know nothing of the chain rule: what a derivation is checked by.

const [STEP_HALVINGS, STEP_COLUMNS] = [60, 8]; // of a starting step; the most steps that are taken out of the error

/**
 * The derivative of a function by central differences, extrapolated to a step of zero; how far it may be off; and
 * whether it agrees with a derivative, at a step that fits the function. The steps are those of `explain`.
 * Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).
 */
function centralDifference(errorAt, at, derivative) {
  const middle = errorAt(at);
  const size = Math.abs(derivative);
  const near = at === 0 ? 1 : 2 ** Math.max(Math.floor(Math.log2(Math.abs(at))), -1000);
  let best = { slope: NaN, error: Infinity, agrees: false };
  let agrees = false;
  for (const start of near >= 2 ** -10 ? [near / 8] : [1 / 8, near / 8]) {
    let [rows, seen] = [[], []];
    for (let halved = 0; halved < STEP_HALVINGS; halved += 1) {
      const step = start / 2 ** halved;
      if (step < Math.abs(at) * Number.EPSILON) {
        break;
      }
      const [high, low] = [errorAt(at + step), errorAt(at - step)];
      if (!Number.isFinite(high) || !Number.isFinite(low)) {
        [rows, seen] = [[], []];
        continue;
      }
      const row = nextRow((high - low) / (2 * step), rows.at(-1) ?? []);
      rows.push(row);
      seen.push(Math.max(Math.abs(high - middle), Math.abs(low - middle)) / step);
      const noise = (Number.EPSILON * (Math.abs(high) + Math.abs(low))) / step;
      let entry = { slope: NaN, error: Infinity, variation: 0 };
      for (let m = 2; m < row.length; m += 1) {
        const error = Math.max(Math.abs(row[m] - row[m - 1]), Math.abs(row[m] - rows.at(-2)[m - 1])) + noise;
        if (error < entry.error) {
          entry = { slope: row[m], error, variation: Math.max(...seen.slice(-m - 1)) };
        }
      }
      if (halved < 4) {
        continue;
      }
      const { slope, error, variation } = entry;
      const isClose = Math.abs(derivative - slope) <= 8 * error + 1e-12 * Math.abs(slope);
      const whole = size <= error ? Math.max(size, variation) : size;
      agrees ||= isClose && (error <= size / 32 || error <= 1e-9 * variation);
      if ((isClose && error <= 1e-11 * whole) || (size === 0 && seen.every((each) => each === 0))) {
        return { slope, error, agrees: true };
      }
      best = error < best.error ? { slope, error } : best;
    }
  }
  return { ...best, agrees };
}

/** The next row of Neville's table, from a slope and the row above: halving the step takes 3/4 of a column's error. */
function nextRow(slope, above) {
  const row = [slope];
  let weight = 1;
  for (const entry of above.slice(0, STEP_COLUMNS)) {
    weight *= 4;
    row.push(row.at(-1) + (row.at(-1) - entry) / (weight - 1));
  }
  return row;
}
