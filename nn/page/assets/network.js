// The network as a picture: neurons in columns, every weight as an edge that shows its sign, size, gradient and change.
// It is built once for a width; then only numbers, line widths and classes change, so that it can follow training.

const networkHint = "Choose a weight or a neuron to see where its number comes from.";
const longestErrorName = 8;
const manyItems = 120;
const manyItemsPause = 120;
const networkKey = ["solid line: positive weight", "dashed: negative weight", "thick: large weight"];
const numbersKey = ["▲ the error grows with this weight", "▼ it shrinks", "Δ last change",
  "δ how fast the error grows with net"];

/** A weight's line and, where there is room, its label above all the lines. Returns an item for makeButtons. */
function drawWeight(page, layout, { lines, labels }, weight, place) {
  const { node, from, to } = weight;
  const { columns, radius, font, detailed } = layout;
  const source = columns[from[0]][from[1]];
  const target = columns[to[0]][to[1]];
  const line = trimmedLine(source, target, radius, radius + (detailed ? 0.75 * font : 0));
  const element = svgElement("g", { class: "edge" }, lines);
  svgElement("path", { d: linePath(line), class: "hit", "stroke-width": detailed ? 16 : 5 }, element);
  const stroke = svgElement("path", { d: linePath(line), class: "stroke" }, element);
  const head = detailed ? svgElement("path", { d: arrowPath(line, 0.6 * font), class: "head" }, element) : null;
  const share = 1 / (columns[to[0]].length + 1);
  const item = {
    node, element, x: place?.x ?? source.x + (target.x - source.x) * share,
    y: place?.y ?? source.y + (target.y - source.y) * share, describe: () => describeNode(page, node),
  };
  let write = null;
  if (place) {
    const label = svgElement("g", { class: "edge-label" }, labels);
    centredBox(label, place, place, "label-paper");
    write = parameterLines(page, node, label, place, font);
    item.also = [label];
  }
  const widest = detailed ? 0.5 * font : 0.09 * layout.spacing;
  let shownSign = null;
  let shownWidth = "";
  item.refresh = () => {
    const value = page.player.value(node, page.sample);
    const size = Math.abs(value);
    const width = ((detailed ? 1 : 0.5) + (Number.isFinite(size) ? (widest * size) / (1 + size) : widest)).toFixed(1);
    if (shownWidth !== width) {
      shownWidth = width;
      stroke.setAttribute("stroke-width", width);
    }
    if (shownSign !== value < 0) {
      shownSign = value < 0;
      stroke.classList.toggle("negative", shownSign);
      head?.classList.toggle("negative", shownSign);
    }
    write?.();
  };
  return item;
}

/** A bias: a box with its numbers and dashed lines to the neurons that share it, or a dot where room is short. */
function drawBias(page, layout, { lines, shapes, labels }, bias, place) {
  const { node, to } = bias;
  const { columns, font, radius, spacing } = layout;
  const element = svgElement("g", { class: "bias" }, shapes);
  if (place.box || to.length > 1) {
    for (const [column, row] of to) {
      const line = trimmedLine(place, columns[column][row], 0, radius);
      svgElement("path", { d: linePath(line), class: "bias-line" }, lines);
    }
  }
  const item = { node, element, x: place.x, y: place.y, refresh: () => {}, describe: () => describeNode(page, node) };
  if (place.box) {
    centredBox(element, place, place.size, "shape");
    item.refresh = place.short ? shortBiasLines(page, node, labels, place, font)
      : parameterLines(page, node, labels, place, font);
  } else {
    const size = Math.max(2.5, Math.min(6, spacing / 7));
    svgElement("circle", { cx: place.x, cy: place.y, r: size, class: "shape" }, element);
    if (layout.detailed) {
      const title = svgElement("text", { x: place.x, y: place.y - size - 4, class: "label" }, labels);
      appendName(title, fittedName(page.doc.nodes[node].name, 3));
    }
  }
  return item;
}

/** A neuron or an input: a circle with its name and, where there is room, its numbers. */
function drawNeuron(page, layout, { shapes, labels }, neuron, place) {
  const { player } = page;
  const { font, radius, detailed } = layout;
  const element = svgElement("g", { class: neuron.net === null ? "neuron input" : "neuron" }, shapes);
  const circle = svgElement("circle", { cx: place.x, cy: place.y, r: radius, class: "shape" }, element);
  const node = neuron.net === null || neuron.net === neuron.out ? neuron.out : neuron.net;
  const item = { node, element, x: place.x, y: place.y, describe: () => describeNeuron(page, neuron) };
  const write = [];
  const line = (title, offset, className, known, read) => {
    const value = namedLine(labels, title, place.x, place.y + offset * font, className);
    write.push(() => setTextOnce(value, known() ? labelText(read(), 7) : unknownText));
  };
  const valueOf = (title, offset, name, className) =>
    line(title, offset, className, () => player.known(name), () => player.value(name, page.sample));
  if (!detailed) {
    // Only as much of the name as fits, from its end, where neurons of a layer differ.
    const room = Math.floor((2 * radius) / (characterWidth * 11));
    const shown = neuron.name.length <= room ? neuron.name : neuron.name.match(/\d*$/)[0].slice(-2);
    if (room >= shown.length && shown) {
      svgElement("text", { x: place.x, y: place.y + 4, class: "label small" }, labels).textContent = shown;
    }
  } else if (neuron.net === null) {
    const room = (1.85 * radius) / (boldCharacterWidth * font);
    namedLine(labels, fittedName(neuron.name, room), place.x, place.y - 0.3 * font, "label name");
    line("", 1, "label", () => player.known(neuron.out), () => player.value(neuron.out, page.sample));
  } else {
    namedLine(labels, neuron.name, place.x, place.y - 1.6 * font, "label name");
    valueOf("net", -0.45, neuron.net, "label");
    valueOf("out", 0.7, neuron.out, "label");
    const { net } = neuron;
    line("δ", 1.85, "label", () => player.knownDerivative(net), () => player.derivative(net, page.sample));
  }
  item.nodes = [neuron.net, neuron.out].filter((name) => name !== null);
  item.refresh = () => {
    for (const step of write) {
      step();
    }
    if (!detailed && neuron.net !== null && player.known(neuron.out)) {
      const size = Math.min(1, Math.abs(player.value(neuron.out, page.sample)));
      setAttributeOnce(circle, "fill-opacity", (0.15 + 0.5 * (size || 0)).toFixed(1));
    }
  };
  return item;
}

/** A box beside an output for its target and error, or one of them, or a box for the total. */
function drawError(page, layout, { lines, shapes, labels }, { error, target, place, from, size, box }) {
  const { player, doc } = page;
  const node = error ?? target;
  const { font } = layout;
  const reach = box ? (layout.vertical ? size.height : size.width) / 2 : 5;
  for (const start of from) {
    const steep = !layout.vertical && Math.abs(place.y - start.y) > Math.abs(place.x - start.x);
    const end = layout.vertical ? { x: place.x, y: place.y - reach }
      : steep ? { x: place.x, y: place.y - Math.sign(place.y - start.y) * size.height / 2 }
        : { x: place.x - reach, y: place.y };
    const line = trimmedLine(start, end, 0, 0.45 * font);
    svgElement("path", { d: linePath(line), class: "error-line" }, lines);
    svgElement("path", { d: arrowPath(line, 0.45 * font), class: "error-head" }, lines);
  }
  const element = svgElement("g", { class: "error" }, shapes);
  const write = [];
  const value = (title, name, offset) => {
    const text = namedLine(labels, title, place.x, place.y + offset * font, "label");
    write.push(() => setTextOnce(text, player.known(name) ? labelText(player.value(name, page.sample)) : unknownText));
  };
  centredBox(element, place, box ? size : { width: 10, height: 10 }, "shape");
  if (box) {
    const name = fittedName(doc.nodes[node].name, longestErrorName);
    if (target === null) {
      namedLine(labels, name, place.x, place.y - 0.3 * font, "label name");
      value("", node, 1);
    } else if (error === null) {
      value("target", target, 0.35);
    } else {
      value("target", target, -0.3);
      value(name, node, 1);
    }
  }
  return {
    node, element, x: place.x, y: place.y, describe: () => describeNode(page, node),
    refresh: () => write.forEach((step) => step()),
  };
}

/** Draws the errors and their total right of (or below) the outputs; returns their items. */
function drawErrors(page, network, layout, layers) {
  const { sizes, vertical, errorBoxes } = layout;
  const behind = (place, reach) => (vertical ? { x: place.x, y: place.y + reach } : { x: place.x + reach, y: place.y });
  const towards = ({ x, y }, total) => ({ x, y: y + (Math.sign(total.y - y) * sizes.error.height) / 2 });
  const items = network.errors.map((error, index) => drawError(page, layout, layers, {
    error: error.node, target: error.target, place: layout.errors[index], size: sizes.error, box: errorBoxes,
    from: [behind(layout.columns[error.from[0]][error.from[1]], layout.radius)],
  }));
  if (layout.total) {
    const reach = errorBoxes ? (vertical ? sizes.error.height : sizes.error.width) / 2 : 5;
    items.push(drawError(page, layout, layers, {
      error: network.total, target: null, place: layout.total, size: sizes.total, box: true,
      from: layout.errors.length === 0 ? layout.columns.at(-1).map((place) => behind(place, layout.radius))
        : layout.errors.map((place) => (layout.totalBetween ? towards(place, layout.total) : behind(place, reach))),
    }));
  }
  return items;
}

/** Draws the whole network for a width; returns the drawing and its items. */
function drawNetwork(page, network, width, font) {
  const { doc } = page;
  const layout = layoutNetwork(network, width, font, (node) => doc.nodes[node].name);
  const svg = svgElement("svg", {
    viewBox: `0 0 ${layout.width} ${Math.ceil(layout.height)}`, role: "group", class: "network-picture",
    "aria-label": "The network: neurons and weights as buttons, moved between with the arrow keys",
  });
  svg.style.fontSize = `${layout.font}px`;
  svg.style.setProperty("--dash", layout.detailed ? "7 4" : "4 3");
  const layers = drawLayers(svg);
  drawHeadings(layout, layers.labels);
  const weights = network.weights.map((weight, index) =>
    drawWeight(page, layout, layers, weight, layout.labels[index]));
  const biases = network.biases.map((bias, index) => drawBias(page, layout, layers, bias, layout.biases[index]));
  const neurons = network.columns.flatMap((column, index) => column.map((neuron, row) =>
    drawNeuron(page, layout, layers, neuron, layout.columns[index][row])));
  const errors = drawErrors(page, network, layout, layers);
  const key = [...networkKey, ...(layout.detailed ? numbersKey : [])];
  if (layout.biases.some((place) => !place.box)) {
    key.push("small circle: a bias");
  }
  if (!layout.errorBoxes && layout.errors.length) {
    key.push("small square: an error");
  }
  return { svg, items: [...weights, ...neurons, ...biases, ...errors], key };
}

/** The network view: {update(), svg}; it draws itself anew when the container's width changes. */
function createNetworkView(page, container) {
  const { network } = page.doc;
  // The error of a single output is the total; then one box stands for both. Outputs that share one error have at most
  // a target beside them.
  const errors = network.errors.filter(({ node, target }) => node !== null || target !== null);
  const hasTotal = network.total !== null && !errors.some(({ node }) => node === network.total);
  const drawable = { ...network, errors, hasTotal };
  const caption = htmlElement("p", "picture-caption", networkHint, null);
  const key = htmlElement("ul", "picture-key key-list", "", null);
  const view = { svg: null, update };
  const pointed = { focused: null, hovered: null };
  let items = [];
  let drawnAt = -Infinity;

  function writeCaption() {
    const item = pointed.hovered ?? pointed.focused
      ?? items.find(({ node, nodes }) => (nodes ?? [node]).includes(page.selected));
    setTextOnce(caption, item ? item.describe() : networkHint);
  }

  function update() {
    // Hundreds of lines take the browser longer to paint than a frame lasts: while it plays, they follow more slowly.
    const now = performance.now();
    if (page.playing === true && items.length > manyItems && now - drawnAt < manyItemsPause) {
      return;
    }
    drawnAt = now;
    // While it plays only the label in use is kept up to date: a screen reader reads no others then.
    const everyLabel = page.playing !== true;
    for (const item of items) {
      item.refresh();
      markState(item, page);
      if (everyLabel || item === pointed.focused) {
        setAttributeOnce(item.element, "aria-label", item.describe());
      }
    }
    writeCaption();
  }

  watchWidth(container, (width) => {
    const focused = pointed.focused?.node;
    const drawn = drawNetwork(page, drawable, width, fontFor(container, width));
    items = drawn.items;
    view.svg?.remove();
    view.svg = drawn.svg;
    container.prepend(drawn.svg);
    key.replaceChildren(...drawn.key.map((words) => htmlElement("li", "", words, null)));
    Object.assign(pointed, { focused: null, hovered: null });
    drawnAt = -Infinity;
    makeButtons(drawn.svg, items, page, (item, how) => {
      pointed[how] = item;
      if (item) {
        pointed.hovered = how === "hovered" ? item : null;
        setAttributeOnce(item.element, "aria-label", item.describe());
      }
      writeCaption();
    });
    update();
    if (focused !== undefined) {
      items.find(({ node }) => node === focused)?.element.focus();
    }
  });
  container.append(caption);
  container.append(key);
  return view;
}
