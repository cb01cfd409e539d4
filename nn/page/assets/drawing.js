// What the pictures share: making SVG elements, changing them only where something changed, and buttons made of SVG.
// Every shape that stands for a number is such a button: by mouse, by keys, and by its name for a screen reader.

const svgNamespace = "http://www.w3.org/2000/svg";
const mostTabStops = 60;
const unknownText = "…";

/** Makes an SVG element with attributes (undefined ones are left out), and puts it into a parent if one is given. */
function svgElement(name, attributes = {}, parent = null) {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) {
      element.setAttribute(key, value);
    }
  }
  parent?.append(element);
  return element;
}

/** Makes an HTML element of a class, with text, and puts it into a parent. */
function htmlElement(name, className, text, parent) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  parent?.append(element);
  return element;
}

/** Sets an attribute only where it changes, since a write costs the browser a new layout and a read does not. */
function setAttributeOnce(element, name, value) {
  if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** Sets an element's text only where it changes. */
function setTextOnce(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Writes a name such as E_o1 into an SVG text, what follows the first "_" as a subscript. */
function appendName(text, name) {
  const [base, ...rest] = name.split("_");
  if (base === "" || rest.length === 0) {
    text.append(svgElement("tspan", {}));
    text.lastChild.textContent = name;
    return;
  }
  svgElement("tspan", {}, text).textContent = base;
  svgElement("tspan", { dy: "0.25em", class: "subscript" }, text).textContent = rest.join("_");
}

/** A name with no more characters than find room; the whole of it stands in the label for a screen reader. */
function fittedName(name, characters) {
  return name.length <= characters ? name : `${name.slice(0, Math.max(1, Math.floor(characters) - 1))}…`;
}

/** One line of text "name value": the name stays, and the returned tspan takes the value. */
function namedLine(parent, name, x, y, className) {
  const text = svgElement("text", { x, y, class: className }, parent);
  if (name === "") {
    return svgElement("tspan", {}, text);
  }
  appendName(text, name);
  const raised = text.childNodes.length > 1;
  return svgElement("tspan", { dy: raised ? "-0.19em" : undefined, dx: "0.35em" }, text);
}

/** A number for a label: as shortText, but with fewer digits where it would be longer than a label is. */
function labelText(number, longest = 8) {
  const text = shortText(number);
  if (text.length <= longest || !Number.isFinite(number)) {
    return text;
  }
  for (const digits of [3, 2]) {
    const plain = number.toPrecision(digits).replace("-", "−");
    if (plain.length <= longest && !plain.includes("e")) {
      return plain;
    }
  }
  return number.toExponential(longest < 8 ? 1 : 2).replace("+", "").replaceAll("-", "−");
}

/**
 * The layers of a picture from back to front: lines, shapes, words. The words are for the eye only: each button has a
 * label of its own that says them to a screen reader, kept up to date less often.
 */
function drawLayers(svg) {
  const [lines, shapes] = [svgElement("g", {}, svg), svgElement("g", {}, svg)];
  return { lines, shapes, labels: svgElement("g", { "aria-hidden": "true" }, svg) };
}

/** The font size of a picture: from 11 px on a telephone to 18 px on a projector, larger where the page's text is. */
function fontFor(container, width) {
  const enlarged = parseFloat(getComputedStyle(container).fontSize) / 16 || 1;
  return Math.min(18, Math.max(11, (9 + width / 200) * enlarged));
}

/** The lines of a weight or bias: name and value; unless the label is short also gradient and last change. */
function parameterLines(page, node, parent, { x, y, short, longest }, font) {
  const { player, doc } = page;
  const name = fittedName(doc.nodes[node].name, longest);
  if (short) {
    const value = namedLine(parent, name, x, y + 0.35 * font, "label name");
    return () => setTextOnce(value, labelText(player.value(node, page.sample)));
  }
  const value = namedLine(parent, name, x, y - 0.85 * font, "label name");
  const gradient = svgElement("text", { x, y: y + 0.35 * font, class: "label gradient" }, parent);
  const change = svgElement("text", { x, y: y + 1.5 * font, class: "label change" }, parent);
  return () => {
    const slope = player.knownDerivative(node) ? player.gradient(node) : null;
    setTextOnce(value, labelText(player.value(node, page.sample)));
    const direction = slope > 0 ? "▲" : slope < 0 ? "▼" : "·";
    setTextOnce(gradient, slope === null ? unknownText : `${direction} ${labelText(slope)}`);
    setTextOnce(change, `Δ ${labelText(player.lastChange(node))}`);
  };
}

/** The two lines of a bias where room is short: its name, and its value beneath. */
function shortBiasLines(page, node, parent, { x, y }, font) {
  appendName(svgElement("text", { x, y: y - 0.3 * font, class: "label name" }, parent),
    fittedName(page.doc.nodes[node].name, 7));
  const value = svgElement("text", { x, y: y + 1 * font, class: "label" }, parent);
  return () => setTextOnce(value, labelText(page.player.value(node, page.sample)));
}

/** A rectangle about a point, as the background of a label or as a box of its own. */
function centredBox(parent, { x, y }, { width, height }, className) {
  return svgElement("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 4, class: className }, parent);
}

/** The line from one circle to another, cut back by what each end needs. */
function trimmedLine(from, to, startSpace, endSpace) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  return {
    x1: from.x + dx * startSpace, y1: from.y + dy * startSpace,
    x2: to.x - dx * endSpace, y2: to.y - dy * endSpace, dx, dy,
  };
}

/** Path data of a line, and of the arrow head at its end. */
function linePath(line) {
  return `M${line.x1.toFixed(1)} ${line.y1.toFixed(1)}L${line.x2.toFixed(1)} ${line.y2.toFixed(1)}`;
}

function arrowPath(line, size) {
  const { x2, y2, dx, dy } = line;
  const corner = (along, across) =>
    `${(x2 + dx * along - dy * across).toFixed(1)} ${(y2 + dy * along + dx * across).toFixed(1)}`;
  return `M${corner(size, 0)}L${corner(-size * 0.4, size * 0.6)}L${corner(-size * 0.4, -size * 0.6)}Z`;
}

/** The item that an arrow key leads to: the nearest one in that direction, where straying sideways counts threefold. */
function neighbourOf(item, items, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let best = null;
  let bestCost = Infinity;
  for (const other of items) {
    const along = (other.x - item.x) * dx + (other.y - item.y) * dy;
    const across = Math.abs((other.x - item.x) * dy) + Math.abs((other.y - item.y) * dx);
    if (along > 0.5 && along + 3 * across < bestCost) {
      best = other;
      bestCost = along + 3 * across;
    }
  }
  return best;
}

/**
 * Makes items {element, node, x, y, also: [more elements that stand for it]} of a drawing into buttons that call
 * page.select(node), moves between them by arrow keys, and tells `show` which is under the pointer or has the focus.
 */
function makeButtons(svg, items, page, show) {
  const roving = items.length > mostTabStops;
  // Browsers make a drawing that listens for the focus a stop of the Tab key of its own.
  svg.setAttribute("tabindex", "-1");
  const itemOf = new Map();
  for (const [index, item] of items.entries()) {
    item.element.setAttribute("role", "button");
    item.element.setAttribute("tabindex", roving && index > 0 ? "-1" : "0");
    for (const element of [item.element, ...(item.also ?? [])]) {
      element.classList.add("item");
      element.dataset.node = item.node;
      itemOf.set(element, item);
    }
  }
  const find = (event) => itemOf.get(event.target.closest?.(".item"));
  const mark = (item, className, on) => {
    for (const element of item ? [item.element, ...(item.also ?? [])] : []) {
      element.classList.toggle(className, on);
    }
  };
  const moveTo = (item) => {
    if (roving) {
      svg.querySelector('.item[tabindex="0"]')?.setAttribute("tabindex", "-1");
      item.element.setAttribute("tabindex", "0");
    }
    item.element.focus();
  };
  svg.addEventListener("click", (event) => {
    const item = find(event);
    if (item) {
      moveTo(item);
      page.select(item.node);
    }
  });
  svg.addEventListener("keydown", (event) => {
    const item = find(event);
    if (!item || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    let target = null;
    if (event.key === "Enter" || event.key === " ") {
      page.select(item.node);
    } else if (event.key === "Home") {
      target = items[0];
    } else if (event.key === "End") {
      target = items.at(-1);
    } else if (event.key.startsWith("Arrow")) {
      target = neighbourOf(item, items, event.key);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (target) {
      moveTo(target);
    }
  });
  const passages = [["focusin", "focusout", "focused"], ["pointerover", "pointerout", "hovered"]];
  for (const [enter, leave, className] of passages) {
    svg.addEventListener(enter, (event) => {
      mark(find(event), className, true);
      show(find(event) ?? null, className);
    });
    svg.addEventListener(leave, (event) => {
      mark(find(event), className, false);
      show(null, className);
    });
  }
}

/** Shows on an item's elements whether one of its nodes is selected, and whether one takes part in the phase. */
function markState(item, page) {
  const nodes = item.nodes ?? [item.node];
  const active = nodes.some((node) => page.player.active(node));
  const state = `${nodes.includes(page.selected) ? "s" : "-"}${active ? "a" : "-"}`;
  if (item.state === state) {
    return;
  }
  item.state = state;
  item.element.setAttribute("aria-pressed", String(state.includes("s")));
  for (const element of [item.element, ...(item.also ?? [])]) {
    element.classList.toggle("selected", state.includes("s"));
    element.classList.toggle("active", state.includes("a"));
  }
}

/** One named value in words: its label for a screen reader, and the line under the picture. */
function describeNode(page, node) {
  const { player, doc } = page;
  const { name, kind } = doc.nodes[node];
  const value = player.known(node) ? shortText(player.value(node, page.sample)) : "not computed yet";
  const slope = player.knownDerivative(node);
  if (kind === "weight" || kind === "bias") {
    const gradient = slope ? shortText(player.gradient(node)) : "not computed yet";
    return `${name}, ${value}, gradient ${gradient}, last change ${shortText(player.lastChange(node))}`;
  }
  const derivative = slope ? shortText(player.derivative(node, page.sample)) : "not computed yet";
  return kind === "net" ? `${name}, ${value}, delta ${derivative}`
    : kind === "input" || kind === "target" || kind === "total" ? `${name}, ${value}`
      : `${name}, ${value}, derivative of the error ${derivative}`;
}

/** The same for a neuron, whose circle stands for its net input, its output and its delta. */
function describeNeuron(page, neuron) {
  const { player } = page;
  const say = (known, read) => (known ? shortText(read()) : "not computed yet");
  const out = say(player.known(neuron.out), () => player.value(neuron.out, page.sample));
  if (neuron.net === null) {
    return `input ${neuron.name}, ${out}`;
  }
  const net = say(player.known(neuron.net), () => player.value(neuron.net, page.sample));
  const delta = say(player.knownDerivative(neuron.net), () => player.derivative(neuron.net, page.sample));
  return `neuron ${neuron.name}, net ${net}, out ${out}, delta ${delta}`;
}
