// What the network answers over the plane of its two inputs: a heat map, the line between the classes, the samples.
// Classes have shapes as well as colours, and the picture's label says in words how many samples are on the right side.

const playingPause = 200;
// How many cells a side: at least, at most, and the milliseconds that one painting may take.
const coarseBoundary = { least: 16, most: 48, time: 8 };
const fineBoundary = { least: 32, most: 96, time: 60 };

/** A CSS colour as red, green and blue, whatever notation it is written in. */
function colourNumbers(element, variable) {
  element.style.color = `var(${variable})`;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = getComputedStyle(element).color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** The square around the samples, a little larger than they need. */
function squareAround(samples) {
  const [horizontal, vertical] = [0, 1].map((axis) => {
    const numbers = samples.map((sample) => sample.inputs[axis]).filter(Number.isFinite);
    return numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
  });
  const side = (Math.max(horizontal[1] - horizontal[0], vertical[1] - vertical[0]) || 0.8) * 1.3;
  return { left: (horizontal[0] + horizontal[1] - side) / 2, bottom: (vertical[0] + vertical[1] - side) / 2, side };
}

/** Marching squares: path data of the line where a grid of values, (cells + 1) squared, crosses the level. */
function levelLine(values, cells, level, size) {
  const parts = [];
  const unit = size / cells;
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const heights = corners.map(([x, y]) => values[y * (cells + 1) + x] - level);
      const crossings = [];
      for (let side = 0; side < 4; side += 1) {
        const [first, second] = [heights[side], heights[(side + 1) % 4]];
        if (first < 0 !== second < 0) {
          const share = first / (first - second);
          const [from, to] = [corners[side], corners[(side + 1) % 4]];
          crossings.push(`${((from[0] + (to[0] - from[0]) * share) * unit).toFixed(1)} `
            + `${((from[1] + (to[1] - from[1]) * share) * unit).toFixed(1)}`);
        }
      }
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
        parts.push(`M${crossings[pair]}L${crossings[pair + 1]}`);
      }
    }
  }
  return parts.join("");
}

/** Path data of a sample's shape about a point: a circle for the lower class, a square for the upper one. */
function samplePath(x, y, upper, size) {
  return upper ? `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}Z`
    : `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`;
}

/** The boundary's view: {update(), svg}; only for a network with two inputs and a threshold. */
function createBoundary(page, container) {
  const { player, doc } = page;
  const view = { svg: null, update };
  const frame = htmlElement("div", "boundary-picture", "", container);
  const probe = htmlElement("span", "boundary-probe", "", frame);
  const legend = htmlElement("p", "picture-key", "", container);
  frame.setAttribute("role", "img");
  probe.setAttribute("aria-hidden", "true");
  const several = doc.outputs.length > 1;
  const outputName = doc.nodes[doc.outputs[0]].name;
  const names = doc.inputs.map((node) => doc.nodes[node].name);
  let parts = null;
  let painted = -Infinity;
  let cellTime = 0.002;
  let paintedKey = "";
  let waiting = null;
  let shownSamples = "";

  const isUpper = (sample) => sample.targets[0] > doc.threshold;

  function paint({ least, most, time }) {
    const started = performance.now();
    const cells = Math.round(Math.max(least, Math.min(most, Math.sqrt(time / cellTime))));
    const { canvas, plot } = parts;
    const { left, bottom, side } = squareAround(player.samples);
    const values = new Float64Array((cells + 1) ** 2);
    for (let row = 0; row <= cells; row += 1) {
      for (let column = 0; column <= cells; column += 1) {
        values[row * (cells + 1) + column] =
          player.predict([left + (side * column) / cells, bottom + side * (1 - row / cells)])[0];
      }
    }
    const [low, middle, high] = ["--negative", "--paper", "--positive"].map((name) => colourNumbers(probe, name));
    // The colours are full one unit from the threshold for outputs in -1..1, half a unit for outputs in 0..1.
    const reach = doc.threshold === 0 ? 1 : Math.max(0.5, Math.abs(doc.threshold));
    canvas.width = canvas.height = cells;
    const context = canvas.getContext("2d");
    const image = context.createImageData(cells, cells);
    for (let row = 0; row < cells; row += 1) {
      for (let column = 0; column < cells; column += 1) {
        const corner = row * (cells + 1) + column;
        const corners = [corner, corner + 1, corner + cells + 1, corner + cells + 2];
        const mean = corners.reduce((sum, index) => sum + values[index], 0) / 4;
        const share = Math.max(-1, Math.min(1, (mean - doc.threshold) / reach)) || 0;
        const strength = 0.12 + 0.5 * Math.abs(share);
        const end = share < 0 ? low : high;
        const pixel = 4 * (row * cells + column);
        for (let channel = 0; channel < 3; channel += 1) {
          image.data[pixel + channel] = middle[channel] + (end[channel] - middle[channel]) * strength;
        }
        image.data[pixel + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
    parts.line.setAttribute("d", levelLine(values, cells, doc.threshold, plot));
    painted = performance.now();
    cellTime = (painted - started) / cells ** 2;
  }

  function drawSamples() {
    const { plot, font, samples } = parts;
    const key = JSON.stringify([player.samples, page.sample, plot]);
    if (key === shownSamples) {
      return;
    }
    shownSamples = key;
    samples.replaceChildren();
    const { left, bottom, side } = squareAround(player.samples);
    const size = player.samples.length > 40 ? 0.28 * font : 0.5 * font;
    for (const [index, sample] of player.samples.entries()) {
      const x = ((sample.inputs[0] - left) / side) * plot;
      const y = (1 - (sample.inputs[1] - bottom) / side) * plot;
      if (Number.isFinite(x + y)) {
        const classes = `sample ${isUpper(sample) ? "upper" : "lower"}${sample.used === false ? " unused" : ""}`
          + `${index === page.sample ? " shown" : ""}`;
        svgElement("path", { d: samplePath(x, y, isUpper(sample), size), class: classes }, samples);
      }
    }
    parts.ticks.replaceChildren();
    for (const [axis, start] of [[0, left], [1, bottom]]) {
      for (const tick of roundTicks(start, start + side, 4)) {
        const place = ((tick - start) / side) * plot;
        const spot = axis === 0 ? { x: place, y: plot + 1.2 * font, class: "tick" }
          : { x: -0.5 * font, y: plot - place + 0.35 * font, class: "tick end" };
        svgElement("text", spot, parts.ticks).textContent = String(Number(tick.toPrecision(4))).replace("-", "−");
      }
    }
  }

  /** What a shape stands for, such as "■ target 1. "; a few targets are named, many described. */
  function classWords(shape, upper) {
    const targets = [...new Set(player.samples.filter((sample) => isUpper(sample) === upper)
      .map((sample) => labelText(sample.targets[0])))];
    const many = upper ? `above ${doc.threshold}` : `at most ${doc.threshold}`;
    return targets.length === 0 ? "" : `${shape} target ${targets.length > 2 ? many : targets.join(" or ")}. `;
  }

  function describe() {
    const used = player.samples.filter((sample) => sample.used !== false);
    const right = used.filter((sample) => player.predict(sample.inputs)[0] > doc.threshold === isUpper(sample));
    const words = `${right.length} of ${used.length} samples are on the right side of the line.`;
    const over = `${several ? outputName : "Outputs"} over ${names[0]} and ${names[1]}`;
    setAttributeOnce(frame, "aria-label", `${over}: ${words}`);
    const unused = used.length < player.samples.length ? " Hollow: not in the training set." : "";
    const classes = classWords("●", false) + classWords("■", true);
    setTextOnce(legend, `${classes}On the line, ${several ? outputName : "the output"} is ${doc.threshold}; `
      + `the stronger the colour, the further it is from that. ${words}${unused}`);
  }

  /** What the picture depends on, cheaply: some outputs, the samples, the colours. While it stays, none is painted. */
  function pictureKey(detail) {
    const { left, bottom, side } = squareAround(player.samples);
    const outputs = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) =>
      player.predict([left + side * share, bottom + side * share ** 2]));
    return JSON.stringify([detail, outputs, player.samples, parts.plot, getComputedStyle(frame).color]);
  }

  function refresh(detail) {
    clearTimeout(waiting);
    waiting = null;
    const key = pictureKey(detail);
    if (key !== paintedKey) {
      paint(detail);
      describe();
      paintedKey = key;
    }
  }

  function update() {
    if (!parts) {
      return;
    }
    drawSamples();
    // While updates come in quick succession it is painted coarsely and not each time; once they rest, finely.
    if (performance.now() - painted > playingPause && paintedKey !== pictureKey(fineBoundary)) {
      refresh(coarseBoundary);
    }
    clearTimeout(waiting);
    waiting = setTimeout(() => refresh(fineBoundary), 1.5 * playingPause);
  }

  watchWidth(container, (width) => {
    const font = fontFor(container, width);
    const side = Math.min(width, 560);
    const [above, before, after] = [1.6 * font, 3.8 * font, 2.9 * font];
    const plot = side - before - 0.8 * font;
    const svg = svgElement("svg", {
      viewBox: `${-before} ${-above} ${side} ${plot + after + above}`, "aria-hidden": "true",
    });
    svg.style.fontSize = `${font}px`;
    frame.style.maxWidth = `${side}px`;
    const canvas = htmlElement("canvas", "boundary-heat", "", null);
    const total = plot + after + above;
    Object.assign(canvas.style, {
      left: `${(100 * before) / side}%`, top: `${(100 * above) / total}%`,
      width: `${(100 * plot) / side}%`, height: `${(100 * plot) / total}%`,
    });
    const line = svgElement("path", { class: "level-line" }, svg);
    svgElement("rect", { x: 0, y: 0, width: plot, height: plot, class: "boundary-edge" }, svg);
    const [samples, ticks] = [svgElement("g", {}, svg), svgElement("g", {}, svg)];
    const [first, second] = names.map((name) => fittedName(name, 20));
    svgElement("text", { x: plot, y: plot + 2.5 * font, class: "heading end" }, svg).textContent = `${first} →`;
    svgElement("text", { x: 0, y: -0.5 * font, class: "heading start" }, svg).textContent = `↑ ${second}`;
    view.svg = svg;
    frame.replaceChildren(probe, canvas, svg);
    parts = { canvas, line, plot, font, samples, ticks };
    shownSamples = "";
    update();
    refresh(fineBoundary);
  });
  return view;
}
