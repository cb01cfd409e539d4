// The graph of named values: every number a box, arrows from it to those computed from it, local derivatives on them.
// A large graph is shown around the chosen number only: its neighbours, and the way to the error.

const mostGraphEdges = 45;
const mostGraphNeighbours = 12;
const wholeGraphHint = "On an arrow: how fast the number at its head changes with the one at its tail. "
  + "In a box: name, value, and the derivative of the error (∂E).";

/** Each node's column: after all that it is computed from; a weight, bias or target just before what it enters. */
function graphDepths(doc) {
  const { nodes, edges, inputs } = doc;
  const depths = nodes.map(() => 0);
  const isRoot = nodes.map(() => true);
  // The nodes come in the order of the computation, so the edges sorted by target meet every source finished.
  for (const [source, target] of [...edges].sort((first, second) => first[1] - second[1])) {
    depths[target] = Math.max(depths[target], depths[source] + 1);
    isRoot[target] = false;
  }
  const first = nodes.map(() => Infinity);
  for (const [source, target] of edges) {
    first[source] = Math.min(first[source], depths[target]);
  }
  return depths.map((depth, node) =>
    (isRoot[node] && !inputs.includes(node) && Number.isFinite(first[node]) ? first[node] - 1 : depth));
}

/** The nodes to draw, and a note on what is left out: all of a small graph, or the surroundings of one node. */
function visibleGraph(page) {
  const { doc, player, sample } = page;
  if (doc.edges.length <= mostGraphEdges) {
    return { shown: doc.nodes.map((_, node) => node), centre: null, note: wholeGraphHint };
  }
  const centre = page.selected ?? doc.outputs[0];
  const shown = new Set([centre]);
  let leftOut = 0;
  for (const [near, far] of [[1, 0], [0, 1]]) {
    const around = doc.edges.map((edge, index) => ({ edge, size: Math.abs(player.edgeDerivative(index, sample)) || 0 }))
      .filter(({ edge }) => edge[near] === centre).sort((first, second) => second.size - first.size);
    leftOut += Math.max(0, around.length - mostGraphNeighbours);
    around.slice(0, mostGraphNeighbours).forEach(({ edge }) => shown.add(edge[far]));
  }
  // Of the many ways to the error, the one that carries most at each step.
  for (let node = centre; node !== doc.output && node !== undefined;) {
    const [strongest] = doc.edges.map((edge, index) => ({ edge, index })).filter(({ edge }) => edge[0] === node)
      .map(({ edge, index }) => [edge[1],
        Math.abs(player.edgeDerivative(index, sample) * player.derivative(edge[1], sample)) || 0])
      .sort((first, second) => second[1] - first[1]);
    node = strongest?.[0];
    if (node !== undefined) {
      shown.add(node);
    }
  }
  const rest = leftOut ? ` ${leftOut} neighbours with smaller local derivatives are left out.` : "";
  const note = `Shown: ${doc.nodes[centre].name}, its neighbours, and the way to the error that carries most.${rest} `
    + wholeGraphHint;
  return { shown: [...shown].sort((first, second) => first - second), centre, note };
}

/** Orders each column by the mean place of its neighbours, back and forth a few times, which undoes most crossings. */
function orderColumns(columns, edges) {
  const place = new Map();
  const settle = (column) => column.forEach((node, row) => place.set(node, row - (column.length - 1) / 2));
  columns.forEach(settle);
  for (let sweep = 0; sweep < 6; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) {
      const mean = new Map(column.map((node) => {
        const [near, far] = forward ? [1, 0] : [0, 1];
        const spots = edges.filter((edge) => edge[near] === node).map((edge) => place.get(edge[far]));
        return [node, spots.length ? spots.reduce((sum, row) => sum + row, 0) / spots.length : place.get(node)];
      }));
      column.sort((first, second) => mean.get(first) - mean.get(second));
      settle(column);
    }
  }
  return place;
}

/** The place of a local derivative on its arrow; returns what writes it, on paper no wider than its digits. */
function drawLocal(parent, spot, font) {
  const paper = centredBox(parent, spot, spot, "label-paper");
  const text = svgElement("text", { x: spot.x, y: spot.y + 0.35 * font, class: "label" }, parent);
  return (words) => {
    const width = (words.length + 0.5) * characterWidth * font;
    setTextOnce(text, words);
    setAttributeOnce(paper, "x", (spot.x - width / 2).toFixed(1));
    setAttributeOnce(paper, "width", width.toFixed(1));
  };
}

/** Draws the visible part of the graph; returns the drawing, its buttons and the function that writes its numbers. */
function drawGraph(page, depths, visible, font) {
  const { doc, player } = page;
  const inside = new Set(visible.shown);
  const edges = doc.edges.map(([source, target], index) => [source, target, index])
    .filter(([source, target]) => inside.has(source) && inside.has(target));
  const used = [...new Set(visible.shown.map((node) => depths[node]))].sort((first, second) => first - second);
  const columns = used.map((depth) => visible.shown.filter((node) => depths[node] === depth));
  const rows = orderColumns(columns, edges);
  const longest = Math.max(10, ...visible.shown.map((node) => Math.min(doc.nodes[node].name.length, 24)));
  const box = { width: (longest * boldCharacterWidth + 1) * font, height: 3.9 * font };
  const label = { width: 7.2 * characterWidth * font, height: 1.3 * font };
  const step = { x: box.width + label.width + 5.5 * font, y: box.height + 0.9 * font };
  const tallest = Math.max(...columns.map((column) => column.length));
  const width = Math.ceil((columns.length - 1) * step.x + box.width + 2 * font);
  const height = Math.ceil(tallest * step.y + font);
  const places = new Map(columns.flatMap((column, index) => column.map((node) =>
    [node, { x: font + box.width / 2 + index * step.x, y: height / 2 + rows.get(node) * step.y }])));
  const svg = svgElement("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "group", class: "graph-picture",
    "aria-label": "The graph of named values, as buttons, moved between with the arrow keys",
  });
  svg.style.fontSize = `${font}px`;
  const { lines, shapes, labels } = drawLayers(svg);
  const ends = edges.map(([source, target]) => ({
    from: { x: places.get(source).x + box.width / 2, y: places.get(source).y },
    to: { x: places.get(target).x - box.width / 2, y: places.get(target).y },
    preferred: 0.32, size: label,
  }));
  const spots = placeLabels(ends, [...places.values()].map((place) => ({ ...place, ...box })));
  const write = [];
  for (const [position, [source, target, index]] of edges.entries()) {
    const line = trimmedLine(ends[position].from, ends[position].to, 0, 0.5 * font);
    const stroke = svgElement("path", { d: linePath(line), class: "graph-line" }, lines);
    svgElement("path", { d: arrowPath(line, 0.5 * font), class: "error-head" }, lines);
    const spot = spots[position];
    const writeLocal = spot ? drawLocal(labels, spot, font) : null;
    write.push(() => {
      stroke.classList.toggle("near", page.selected === source || page.selected === target);
      writeLocal?.(player.known(target) ? labelText(player.edgeDerivative(index, page.sample), 7) : unknownText);
    });
  }
  const items = columns.flat().map((node) => {
    const { name, kind } = doc.nodes[node];
    const { x, y } = places.get(node);
    const given = kind === "input" || kind === "target";
    const element = svgElement("g", { class: given ? "input" : `graph-${kind}` }, shapes);
    centredBox(element, { x, y }, box, "shape");
    const title = svgElement("text", { x, y: y - 0.8 * font, class: "label name" }, labels);
    appendName(title, fittedName(name, 24));
    const value = svgElement("text", { x, y: y + 0.4 * font, class: "label" }, labels);
    const slope = svgElement("text", { x, y: y + 1.55 * font, class: "label" }, labels);
    const refresh = () => {
      setTextOnce(value, player.known(node) ? shortText(player.value(node, page.sample)) : unknownText);
      setTextOnce(slope, player.knownDerivative(node)
        ? `∂E ${labelText(player.derivative(node, page.sample))}` : `∂E ${unknownText}`);
    };
    return { node, element, x, y, refresh, describe: () => describeNode(page, node) };
  });
  return { svg, items, write };
}

/** The graph's view: {update(), svg}; a large graph is drawn anew when another number is chosen. */
function createGraphView(page, container) {
  const view = { svg: null, update };
  const region = htmlElement("div", "graph-scroll", "", container);
  const caption = htmlElement("p", "picture-caption", "", container);
  const note = htmlElement("p", "picture-key", "", container);
  const depths = graphDepths(page.doc);
  const pointed = { focused: null, hovered: null };
  let drawn = null;
  let drawnCentre = null;
  let font = 11;

  function writeCaption() {
    const item = pointed.hovered ?? pointed.focused ?? drawn.items.find(({ node }) => node === page.selected);
    setTextOnce(caption, item ? item.describe() : "Choose a number to see where it comes from.");
  }

  function draw() {
    const focused = pointed.focused?.node;
    const visible = visibleGraph(page);
    drawn = drawGraph(page, depths, visible, font);
    drawnCentre = visible.centre;
    view.svg = drawn.svg;
    region.replaceChildren(drawn.svg);
    Object.assign(pointed, { focused: null, hovered: null });
    makeButtons(drawn.svg, drawn.items, page, (item, how) => {
      pointed[how] = item;
      if (item) {
        pointed.hovered = how === "hovered" ? item : null;
        setAttributeOnce(item.element, "aria-label", item.describe());
      }
      writeCaption();
    });
    if (focused !== undefined) {
      drawn.items.find(({ node }) => node === focused)?.element.focus();
    }
    // Where it is wider than its place, the region scrolls, and then the keyboard must reach it.
    const scrolls = region.scrollWidth > region.clientWidth;
    setTextOnce(note, scrolls ? `${visible.note} The picture goes on to the right: scroll it sideways.` : visible.note);
    const role = page.embedded ? "group" : "region";
    const attributes = { tabindex: "0", role, "aria-label": "The graph, scrolls sideways" };
    for (const [name, value] of Object.entries(attributes)) {
      if (scrolls) {
        region.setAttribute(name, value);
      } else {
        region.removeAttribute(name);
      }
    }
  }

  function update() {
    if (!drawn || container.closest("[hidden]")) {
      return;
    }
    if (drawnCentre !== null && page.selected !== null && page.selected !== drawnCentre) {
      draw();
    }
    drawn.write.forEach((step) => step());
    for (const item of drawn.items) {
      item.refresh();
      markState(item, page);
      if (page.playing !== true || item === pointed.focused) {
        setAttributeOnce(item.element, "aria-label", item.describe());
      }
    }
    writeCaption();
  }

  watchWidth(container, (width) => {
    font = Math.min(15, fontFor(container, width));
    draw();
    update();
  });
  return view;
}
