// Where everything in the network's picture stands: wide ones run from left to right, narrow ones from top to bottom.
// It computes in "along" (with the flow) and "across" (beside it), so that both directions share one set of rules.

const narrowWidth = 600;
const mostLabelledRows = 6;
const mostStretchedWeights = 12;
const characterWidth = 0.62;
const boldCharacterWidth = 0.7;

/** Whether two boxes {x, y, width, height} about their centres overlap. */
function boxesOverlap(first, second) {
  return Math.abs(first.x - second.x) < (first.width + second.width) / 2
    && Math.abs(first.y - second.y) < (first.height + second.height) / 2;
}

/**
 * Finds a place on each line {from, to, preferred, size: {width, height}} for its label, free of obstacles and of the
 * other labels: the preferred share of the way if it is free, otherwise the nearest free one, otherwise null.
 */
function placeLabels(lines, obstacles) {
  const placed = [];
  const places = [];
  for (const { from, to, preferred, size } of lines) {
    let found = null;
    for (let step = 0; step <= 36 && !found; step += 1) {
      const share = preferred + (step % 2 ? 1 : -1) * Math.ceil(step / 2) * 0.04;
      const box = { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, ...size };
      if (share > 0.05 && share < 0.95 && ![...obstacles, ...placed].some((other) => boxesOverlap(box, other))) {
        found = box;
      }
    }
    places.push(found);
    if (found) {
      placed.push(found);
    }
  }
  return places;
}

/** The sizes of labels and boxes that follow from the font and the longest names. */
function networkSizes(network, width, font, nameOf) {
  // On a telephone two labels with names of five characters stand side by side.
  const mostCharacters = width < narrowWidth ? 5 : 12;
  const longest = (items) => Math.max(2, ...items.map((item) =>
    Math.min(nameOf(item.node ?? network.total).length, mostCharacters)));
  const character = characterWidth * font;
  const named = (items) => Math.max((longest(items) + 8) * boldCharacterWidth, 10 * characterWidth) * font;
  const label = { width: named(network.weights), height: 3.7 * font, longest: mostCharacters };
  const shortLabel = { ...label, height: 1.3 * font };
  const bias = { width: named(network.biases) + 0.4 * font, height: 3.9 * font, longest: mostCharacters };
  const shortBias = { width: 5.6 * font, height: 2.9 * font };
  const errorWidth = Math.max(15, longest(network.errors) + 8) * character;
  const error = { width: width < narrowWidth ? Math.min(errorWidth, 8.2 * font) : errorWidth, height: 3 * font };
  const total = { width: 9 * character, height: 3 * font };
  const rows = Math.max(...network.columns.map((column) => column.length));
  return { font, label, shortLabel, bias, shortBias, error, total, rows };
}

/** How far neighbours of a column stand apart, how large they are, and whether numbers find room inside them. */
function networkSpacing(network, sizes, width, vertical, detailed) {
  const { font, label, bias, shortBias, rows } = sizes;
  const radius = 3.6 * font;
  const ownBiases = network.biases.some((item) => item.to.length === 1);
  const biasAcross = network.biases.length ? bias.height : 0;
  if (vertical) {
    const spacing = rows > 1 ? (width - 2 * radius - 1.2 * font) / (rows - 1) : width;
    const roomFor = (box) => spacing >= 2 * radius + box.width * (ownBiases && rows > 1 ? 2 : 1) + 0.8 * font;
    const biasBoxes = [bias, shortBias].find(roomFor) ?? null;
    if (detailed && spacing >= 2 * radius + 0.5 * font) {
      return { detailed: true, radius, spacing, biasBoxes };
    }
    const tight = (width - 2 * font) / rows;
    return { detailed: false, radius: Math.max(5, Math.min(2 * font, tight * 0.36)), spacing: tight, biasBoxes: null };
  }
  if (detailed && rows <= mostLabelledRows) {
    const crossing = Math.min(4, Math.max(...network.columns.slice(1).map((column) => column.length)) + 1);
    const spacing = Math.max(2 * radius + biasAcross + font, rows > 1 ? crossing * 1.05 * label.height : 0);
    return { detailed: true, radius, spacing, biasBoxes: bias };
  }
  const spacing = Math.max(23, Math.min(2.2 * font, (0.45 * width) / rows));
  return { detailed: false, radius: Math.min(2 * font, spacing * 0.36), spacing, biasBoxes: null };
}

/** Whether the total stands between the middle two errors: in a wide picture that leaves more room for the labels. */
function totalBetweenErrors(network, vertical) {
  return !vertical && network.errors.length > 0 && network.errors.length % 2 === 0;
}

/**
 * Where the columns stand along the flow: the neurons' columns, then the errors, then the total. In a wide picture the
 * gaps share what the width leaves; in a narrow one each gap is as long as asked for. Null where it is too narrow.
 */
function networkStations(network, sizes, shape, width, vertical, labelledGap) {
  const { font, error, total } = sizes;
  const half = network.columns.map(() => shape.radius);
  const weights = network.columns.slice(1).map(() => 3);
  if (network.errors.length) {
    half.push((vertical ? error.height : error.width) / 2);
    weights.push(shape.detailed ? 1 : 0.6);
  }
  if (network.hasTotal && !totalBetweenErrors(network, vertical)) {
    half.push((vertical ? total.height : total.width) / 2);
    weights.push(shape.detailed ? 1 : 0.6);
  }
  const margin = 0.6 * font;
  const solid = half.reduce((sum, extent) => sum + 2 * extent, 2 * margin);
  const unit = vertical ? labelledGap / 3 : (width - solid) / weights.reduce((sum, weight) => sum + weight, 0);
  if (unit < 0.8 * font) {
    return null;
  }
  const stations = [];
  let along = margin;
  for (const [index, extent] of half.entries()) {
    along += (index ? half[index - 1] + unit * weights[index - 1] : 0) + extent;
    stations.push(along);
  }
  return { stations, length: along + half.at(-1) + margin };
}

/** Puts the biases beside their neurons: one that several neurons share stands between the middle two of them. */
function placeBiases(network, sizes, shape, vertical, point, columns, middle) {
  const { font } = sizes;
  const size = shape.biasBoxes;
  const box = { box: true, size, short: size === sizes.shortBias, longest: size?.longest };
  return network.biases.map(({ to }) => {
    const [column, row] = to[0];
    const own = columns[column][row];
    if (!size) {
      // Beside its neuron; where that has numbers and is large, at its shoulder.
      const shoulder = 0.72 * (shape.radius + 0.9 * font);
      return shape.detailed ? { ...point(own.along - shoulder, own.across + shoulder), box: false }
        : { ...point(own.along, own.across + shape.spacing / 2), box: false };
    }
    if (to.length > 1) {
      const upper = columns[column][to[Math.floor((to.length - 1) / 2)][1]];
      const lower = columns[column][to[Math.floor((to.length - 1) / 2) + 1][1]];
      return { ...point(own.along, (upper.across + lower.across) / 2), ...box };
    }
    const away = shape.radius + 0.25 * font + (vertical ? size.width : size.height) / 2;
    const inwards = vertical && own.across > middle + 1 ? -1 : 1;
    return { ...point(own.along, own.across + inwards * away), ...box };
  });
}

/** One try at the whole layout, with the given room between the neurons. */
function networkAttempt(network, sizes, shape, width, vertical, labelledGap) {
  const { font, bias, rows } = sizes;
  const { radius, spacing } = shape;
  const found = networkStations(network, sizes, shape, width, vertical, labelledGap);
  if (!found) {
    return null;
  }
  const heading = vertical ? 0 : 2 * font;
  const hanging = !vertical && shape.biasBoxes && network.biases.some((item) => item.to.length === 1)
    ? bias.height + 0.3 * font : 0;
  const breadth = vertical ? width
    : heading + Math.max((rows - 1) * spacing + 2 * radius, sizes.error.height) + hanging + 1.4 * font;
  const middle = vertical ? width / 2 : heading + (breadth - heading - hanging) / 2;
  const point = (along, across) => ({ along, across, x: vertical ? across : along, y: vertical ? along : across });
  const columns = network.columns.map((column, index) => column.map((_, row) =>
    point(found.stations[index], middle + (row - (column.length - 1) / 2) * spacing)));
  const errorStation = found.stations[network.columns.length];
  const errors = network.errors.map(({ from: [column, row] }) => point(errorStation, columns[column][row].across));
  const total = network.hasTotal ? point(found.stations.at(-1), middle) : null;
  const totalBetween = total !== null && totalBetweenErrors(network, vertical);
  const biases = placeBiases(network, sizes, shape, vertical, point, columns, middle);
  const errorBoxes = errors.length === 1 || spacing >= (vertical ? sizes.error.width : sizes.error.height) + 4;
  return {
    vertical, font, radius, spacing, columns, errors, total, biases, sizes, errorBoxes, totalBetween,
    detailed: shape.detailed, width, height: vertical ? found.length : breadth, heading: heading ? 1.3 * font : null,
  };
}

/**
 * Places the labels of the weights gap by gap: an array beside network.weights. A gap that is too full for all of its
 * labels gets none of them, or, if `short` is set, short ones of one line (name and value) where those find room.
 */
function labelWeights(network, layout, short) {
  const { sizes, radius, columns } = layout;
  const circles = columns.flat().map(({ x, y }) => ({ x, y, width: 1.85 * radius, height: 1.85 * radius }));
  const boxes = layout.biases.filter((bias) => bias.box).map(({ x, y, size }) => ({ x, y, ...size }));
  const labels = network.weights.map(() => null);
  const byGap = new Map();
  for (const [index, { from, to }] of network.weights.entries()) {
    const key = `${from[0]} ${to[0]}`;
    byGap.set(key, [...(byGap.get(key) ?? []), index]);
  }
  let complete = true;
  for (const members of byGap.values()) {
    const [fromColumn, toColumn] = [network.weights[members[0]].from[0], network.weights[members[0]].to[0]];
    if (Math.max(columns[fromColumn].length, columns[toColumn].length) > mostLabelledRows) {
      continue;
    }
    // One n+1-th of the way to n neurons, no two lines of a gap are at the same height.
    const distance = columns[toColumn][0].along - columns[fromColumn][0].along;
    const extent = layout.vertical ? sizes.label.height : sizes.label.width;
    const clear = (radius + extent / 2 + 3) / distance;
    const preferred = Math.min(0.6, Math.max(clear, 1 / (columns[toColumn].length + 1)));
    const placeAll = (size) => placeLabels(members.map((index) => {
      const { from, to } = network.weights[index];
      return { from: columns[from[0]][from[1]], to: columns[to[0]][to[1]], preferred, size };
    }), [...circles, ...boxes]);
    let places = placeAll(sizes.label);
    if (places.includes(null)) {
      complete = false;
      places = short ? placeAll(sizes.shortLabel).map((place) => place && { ...place, short: true }) : [];
    }
    for (const [position, place] of places.entries()) {
      labels[members[position]] = place;
    }
  }
  return { labels, complete };
}

/** The layout of a network for a width: room is added until every label of a small network has a place of its own. */
function layoutNetwork(network, width, font, nameOf) {
  const vertical = width < narrowWidth;
  const sizes = networkSizes(network, width, font, nameOf);
  let shape = networkSpacing(network, sizes, width, vertical, true);
  // So long that a label n+1-th of the way to n neurons is clear of the circles; see labelWeights.
  const clear = shape.radius + sizes.label.height / 2 + 4;
  const shares = Math.min(4, Math.max(...network.columns.slice(1).map((column) => column.length)) + 1);
  let gap = shape.detailed ? shares * clear - 2 * shape.radius : Math.max(90, width / 4);
  const attempts = network.weights.length <= mostStretchedWeights ? 14 : 5;
  let first = null;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const layout = networkAttempt(network, sizes, shape, width, vertical, gap);
    if (!layout && shape.detailed) {
      shape = networkSpacing(network, sizes, width, vertical, false);
      continue;
    }
    if (!layout || !shape.detailed) {
      first ??= layout;
      break;
    }
    const { labels, complete } = labelWeights(network, layout, false);
    layout.labels = labels;
    if (complete) {
      return layout;
    }
    first ??= layout;
    gap *= 1.15;
    shape = vertical ? shape : { ...shape, spacing: shape.spacing * 1.08 };
  }
  // Some gap is too full at any sensible size: its labels are short, and the line under the picture tells the rest.
  first ??= networkAttempt(network, sizes, { ...shape, radius: 5 }, Math.max(width, 900), vertical, gap);
  first.labels = first.detailed ? labelWeights(network, first, true).labels : network.weights.map(() => null);
  return first;
}

/** Writes above a wide picture's columns what they are; the arrows say which way the numbers go. */
function drawHeadings(layout, parent) {
  if (layout.heading === null) {
    return;
  }
  const last = layout.columns.length - 1;
  const titles = layout.columns.map((_, index) =>
    index === 0 ? "inputs →" : index === last ? "outputs" : last > 2 ? `hidden ${index} →` : "hidden →");
  const places = layout.columns.map((column) => column[0]);
  const errors = layout.errors.length ? layout.errors : [layout.total].filter(Boolean);
  if (errors.length) {
    titles.push(errors.length > 1 ? "errors" : "error");
    places.push({ x: errors[0].x });
  }
  for (const [index, place] of places.entries()) {
    const anchor = index === 0 && !layout.detailed ? "label start" : "label";
    const x = index === 0 && !layout.detailed ? 2 : place.x;
    svgElement("text", { x, y: layout.heading, class: `${anchor} heading` }, parent).textContent = titles[index];
  }
}
