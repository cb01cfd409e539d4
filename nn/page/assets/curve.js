// The error over the rounds as a curve, linear or logarithmic, with a marker at the present round.
// The marker is a slider: it is dragged, or moved by keys, and the whole page goes to its round.

const mostCurveColumns = 300;

/** About `count` round numbers (1, 2 or 5 times a power of ten apart) from low to high. */
function roundTicks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const ticks = [];
  for (let index = Math.ceil(low / step - 1e-9) + 0; index * step <= high + step * 1e-9; index += 1) {
    ticks.push(index * step);
  }
  return ticks;
}

/** The error's range and scale: a function from error to a share of the height (0 bottom, 1 top), and its ticks. */
function errorScale(errors, end, logarithmic) {
  let [low, high] = [Infinity, 0];
  for (let round = 0; round <= end; round += 1) {
    const error = errors[round];
    if (Number.isFinite(error)) {
      high = Math.max(high, error);
      low = error > 0 ? Math.min(low, error) : low;
    }
  }
  high ||= 1;
  if (!logarithmic) {
    const ticks = roundTicks(0, high, 4);
    const top = Math.max(high, ticks.at(-1)) * 1.04;
    const share = (error) => (Number.isFinite(error) ? Math.min(1, Math.max(0, error / top)) : 1);
    return { ticks, share, key: `linear ${top}` };
  }
  // An error of exactly 0 has no logarithm: it is drawn at the bottom.
  const bottom = Math.floor(Math.log10(Math.min(low, high)) * 1.0000001);
  const top = Math.max(bottom + 1, Math.ceil(Math.log10(high)));
  const step = Math.ceil((top - bottom) / 6);
  const ticks = [];
  for (let exponent = bottom; exponent <= top; exponent += step) {
    ticks.push(10 ** exponent);
  }
  const share = (error) => (Number.isNaN(error) || error === Infinity ? 1
    : error <= 0 ? 0 : Math.min(1, Math.max(0, (Math.log10(error) - bottom) / (top - bottom))));
  return { ticks, share, key: `log ${bottom} ${top}` };
}

/** Path data of the curve: of rounds that share a pixel column the smallest and largest error, so that spikes stay. */
function curvePath(errors, end, xOf, yOf) {
  const stride = Math.max(1, Math.ceil((end + 1) / mostCurveColumns));
  const points = [];
  const add = (round) => points.push(`${xOf(round).toFixed(1)} ${yOf(errors[round]).toFixed(1)}`);
  for (let start = 0; start <= end; start += stride) {
    let [lowest, highest] = [start, start];
    for (let round = start; round < Math.min(start + stride, end + 1); round += 1) {
      lowest = errors[round] < errors[lowest] ? round : lowest;
      highest = errors[round] > errors[highest] || Number.isNaN(errors[round]) ? round : highest;
    }
    for (const round of lowest === highest ? [lowest] : [lowest, highest].sort((first, second) => first - second)) {
      add(round);
    }
  }
  if (end > 0) {
    add(end);
  }
  return `M${points.join("L")}`;
}

/** A tick's number: a power of ten where the scale is logarithmic and the number would be long. */
function tickText(number) {
  return number !== 0 && (number < 1e-3 || number >= 1e6)
    ? number.toExponential(0).replace("+", "").replace("-", "−") : String(Number(number.toPrecision(6)));
}

/** The curve's view: {update(), svg}. */
function createCurve(page, container) {
  const { player } = page;
  const view = { svg: null, update };
  let parts = null;
  let area = null;
  let drawnKey = "";

  const lastRound = () => Math.max(player.end, 10);
  const xOf = (round) => area.left + (area.right - area.left) * (round / lastRound());

  function drawAxes(scale, yOf) {
    const { grid } = parts;
    grid.replaceChildren();
    for (const tick of scale.ticks) {
      const y = yOf(tick);
      svgElement("line", { x1: area.left, x2: area.right, y1: y, y2: y, class: "gridline" }, grid);
      svgElement("text", { x: area.left - 6, y: y + 4, class: "tick end" }, grid).textContent = tickText(tick);
    }
    for (const tick of roundTicks(0, lastRound(), area.right > 500 ? 8 : 4)) {
      svgElement("line", { x1: xOf(tick), x2: xOf(tick), y1: area.top, y2: area.bottom + 4, class: "gridline" }, grid);
      const label = svgElement("text", { x: xOf(tick), y: area.bottom + 1.3 * area.font, class: "tick" }, grid);
      label.textContent = tick.toLocaleString("en").replaceAll(",", "\u202f");
    }
  }

  function drawFrames(yOf) {
    const { rounds, errors } = page.doc.frames;
    const dots = [];
    if (rounds.length && player.deviation() !== null) {
      for (const [index, round] of rounds.entries()) {
        if (round <= player.end) {
          const [x, y] = [xOf(round).toFixed(1), yOf(errors[index]).toFixed(1)];
          dots.push(`M${x} ${y}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`);
        }
      }
    }
    setAttributeOnce(parts.frames, "d", dots.join(""));
    setTextOnce(parts.note, dots.length ? "○ recorded by the Python engine" : "");
  }

  function update() {
    if (!parts) {
      return;
    }
    const { errors, end, round } = player;
    const scale = errorScale(errors, end, page.scale === "log");
    const yOf = (error) => area.bottom - (area.bottom - area.top) * scale.share(error);
    const key = `${scale.key} ${end}`;
    if (key !== drawnKey) {
      drawAxes(scale, yOf);
      drawnKey = key;
    }
    setAttributeOnce(parts.line, "d", curvePath(errors, end, xOf, yOf));
    drawFrames(yOf);
    const [x, y] = [xOf(round).toFixed(1), yOf(errors[round]).toFixed(1)];
    setAttributeOnce(parts.marker, "transform", `translate(${x} 0)`);
    setAttributeOnce(parts.dot, "cy", y);
    setAttributeOnce(parts.marker, "aria-valuemax", String(end));
    setAttributeOnce(parts.marker, "aria-valuenow", String(round));
    setAttributeOnce(parts.marker, "aria-valuetext", `${page.doc.noun} ${round}, error ${shortText(errors[round])}`);
    const middle = Math.min(Math.max(x, area.left + 5 * area.font), area.right - 6 * area.font);
    setAttributeOnce(parts.value, "x", String(middle));
    setTextOnce(parts.value, `${page.doc.noun} ${round}: ${shortText(errors[round])}`);
  }

  function moveByKey(event) {
    const page10 = Math.max(1, Math.round(player.end / 10));
    const target = {
      ArrowLeft: player.round - 1, ArrowDown: player.round - 1, ArrowRight: player.round + 1, ArrowUp: player.round + 1,
      PageDown: player.round - page10, PageUp: player.round + page10, Home: 0, End: player.end,
    }[event.key];
    if (target !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      page.goTo(Math.min(player.end, Math.max(0, target)));
    }
  }

  function moveByPointer(event) {
    const box = view.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * area.width;
    const round = Math.round(((x - area.left) / (area.right - area.left)) * lastRound());
    page.goTo(Math.min(player.end, Math.max(0, round)));
  }

  function listen(svg) {
    let dragging = false;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0) {
        dragging = true;
        svg.setPointerCapture(event.pointerId);
        event.preventDefault();
        parts.marker.focus({ preventScroll: true });
        moveByPointer(event);
      }
    });
    svg.addEventListener("pointermove", (event) => {
      if (dragging) {
        moveByPointer(event);
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      svg.addEventListener(name, () => {
        dragging = false;
      });
    }
    parts.marker.addEventListener("keydown", moveByKey);
  }

  function build(width) {
    const font = fontFor(container, width);
    const height = Math.round(Math.min(420, Math.max(200, width * 0.4)));
    area = { font, width, left: 4.6 * font, right: width - 2 * font, top: 3.1 * font, bottom: height - 3 * font };
    const svg = svgElement("svg", {
      viewBox: `0 0 ${width} ${height}`, role: "group", class: "curve-picture",
      "aria-label": "The error over the rounds",
    });
    svg.style.fontSize = `${font}px`;
    const grid = svgElement("g", { "aria-hidden": "true" }, svg);
    const titles = svgElement("g", { "aria-hidden": "true" }, svg);
    const text = (x, y, className, words) => {
      const element = svgElement("text", { x, y, class: className }, titles);
      element.textContent = words;
      return element;
    };
    text(0.4 * font, 1.1 * font, "start heading", "error (mean over the samples)");
    text(area.left, height - 0.4 * font, "start heading", `${page.doc.noun}s`);
    const note = text(area.right, height - 0.4 * font, "end heading", "");
    const line = svgElement("path", { class: "curve-line" }, svg);
    const frames = svgElement("path", { class: "curve-frames" }, svg);
    const marker = svgElement("g", {
      class: "curve-marker", role: "slider", tabindex: "0", "aria-label": page.doc.noun, "aria-valuemin": "0",
      "aria-orientation": "horizontal",
    }, svg);
    svgElement("line", { x1: 0, x2: 0, y1: area.top, y2: area.bottom, class: "curve-grip" }, marker);
    const dot = svgElement("circle", { cx: 0, cy: area.bottom, r: 0.5 * font, class: "curve-dot" }, marker);
    const value = text(area.right, 2.5 * font, "name", "");
    parts = { grid, line, frames, marker, dot, value, note };
    drawnKey = "";
    const hadFocus = view.svg?.contains(document.activeElement);
    view.svg?.remove();
    view.svg = svg;
    container.append(svg);
    listen(svg);
    update();
    if (hadFocus) {
      marker.focus({ preventScroll: true });
    }
  }

  watchWidth(container, build);
  return view;
}
