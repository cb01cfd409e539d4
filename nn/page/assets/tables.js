// The table twin of the diagram: every parameter, neuron and error with its numbers.

const ROWS_PER_PAGE = 60;

/**
 * Makes a table that shows at most 60 rows at a time, with buttons to the others when there are more.
 *
 * `makeRow(item, index)` returns {element, update()}; with more than `tallest` rows the table scrolls inside its box.
 * Where its columns are too wide for the box, each row's cells flow over several lines, with their headings before
 * them except the `evident` ones. The roles are spelled out because a table without table layout loses its own.
 */
function makePagedTable(page, { caption, headings, evident, makeRow, tallest = 20 }) {
  const captionText = makeElement("span", {}, caption);
  const body = makeElement("tbody", { role: "rowgroup" });
  const headingCells = headings.map((heading) => makeElement("th", { scope: "col", role: "columnheader" }, heading));
  const table = makeElement("table", { role: "table" }, makeElement("caption", {}, captionText),
    makeElement("thead", { role: "rowgroup" }, makeElement("tr", { role: "row" }, ...headingCells)), body);
  const box = makeScrollBox(caption, "table-box", table);
  const place = makeElement("span", { class: "table-place" });
  const before = makeButton("Previous rows", () => showFrom(start - ROWS_PER_PAGE));
  const after = makeButton("Next rows", () => showFrom(start + ROWS_PER_PAGE));
  const pager = makeElement("div", { class: "pager" }, before, place, after);
  let items = [];
  let rows = [];
  let start = 0;

  function showFrom(first) {
    start = Math.max(0, Math.min(first, Math.floor((items.length - 1) / ROWS_PER_PAGE) * ROWS_PER_PAGE));
    rows = items.slice(start, start + ROWS_PER_PAGE).map((item, index) => makeRow(item, start + index));
    body.replaceChildren(...rows.map((row) => row.element));
    rows.forEach((row) => labelCells(row.element));
    pager.hidden = items.length <= ROWS_PER_PAGE;
    box.classList.toggle("limited", items.length > tallest);
    place.textContent = `${start + 1} to ${start + rows.length} of ${items.length}`;
    before.setAttribute("aria-disabled", start === 0);
    after.setAttribute("aria-disabled", start + ROWS_PER_PAGE >= items.length);
    update();
    fit();
  }

  function labelCells(row) {
    row.setAttribute("role", "row");
    [...row.cells].forEach((cell, column) => {
      cell.setAttribute("role", cell.scope === "row" ? "rowheader" : "cell");
      headingCells[column].classList.toggle("number", cell.classList.contains("number"));
      cell.dataset.heading = evident.includes(headings[column]) ? "" : headings[column];
    });
  }

  /** Chooses between columns and flowing cells; a box that has nothing to scroll is no stop for the Tab key. */
  function fit() {
    table.classList.remove("stacked");
    table.classList.toggle("stacked", table.scrollWidth > box.clientWidth);
    const scrolls = box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth;
    box.tabIndex = scrolls ? 0 : -1;
  }

  function update() {
    rows.forEach((row) => row.update());
  }

  watchWidth(box, fit);

  return {
    element: makeElement("div", { class: "paged-table" }, box, pager),
    table,
    update,
    rebuild(newItems) {
      items = newItems;
      showFrom(start);
    },
    setCaption(text) {
      setText(captionText, text);
    },
  };
}

/** Makes the button of a table row that opens the derivation of a node. */
function makeExplainButton(page, node) {
  const { name } = page.doc.nodes[node];
  return makeButton("explain", () => page.select(node), {
    class: "explain-button", "aria-label": `explain ${name}`, title: `Where the numbers of ${name} come from`,
  });
}

/** The text of a number in a table, or a dash while the present phase has yet to compute it. */
function cellText(known, number) {
  return known ? valueText(number) : "–";
}

/** Makes one row of the parameters table; the value can be typed over. */
function makeParameterRow(page, node) {
  const { player, doc } = page;
  const { name } = doc.nodes[node];
  const field = makeNumberField(page, {
    label: `Value of ${name}`,
    hiddenLabel: true,
    value: player.value(node, page.sample),
    apply: (value) => page.edit({ parameter: node, value }),
  });
  const gradient = makeElement("td", { class: "number" });
  const change = makeElement("td", { class: "number" });
  const element = makeElement("tr", {},
    makeElement("th", { scope: "row" }, name), makeElement("td", {}, field.element), gradient, change,
    makeElement("td", {}, makeExplainButton(page, node)));
  return {
    element,
    update() {
      field.set(player.value(node, page.sample));
      setText(gradient, cellText(player.knownDerivative(node), player.gradient(node)));
      setText(change, valueText(player.lastChange(node)));
      element.classList.toggle("selected", page.selected === node);
    },
  };
}

/** Makes one row of the neurons table: a neuron {name, net, out}, or an error as {name, net: null, out}. */
function makeNeuronRow(page, neuron) {
  const { player } = page;
  const cells = ["net", "out", "delta"].map(() => makeElement("td", { class: "number" }));
  const explain = makeElement("td", {}, makeExplainButton(page, neuron.out));
  const element = makeElement("tr", {}, makeElement("th", { scope: "row" }, neuron.name), ...cells, explain);
  return {
    element,
    update() {
      const { sample } = page;
      const texts = [
        neuron.net === null ? "" : cellText(player.known(neuron.net), player.value(neuron.net, sample)),
        cellText(player.known(neuron.out), player.value(neuron.out, sample)),
        neuron.net === null ? "" : cellText(player.knownDerivative(neuron.net), player.derivative(neuron.net, sample)),
      ];
      texts.forEach((text, index) => setText(cells[index], text));
      element.classList.toggle("selected",
        page.selected !== null && [neuron.out, neuron.net].includes(page.selected));
    },
  };
}

/** The neurons and errors of the document as the rows of one table. */
function neuronItems(doc) {
  const neurons = doc.network.columns.slice(1).flat();
  const errors = doc.network.errors.map((error) => error.node).filter((node) => node !== null && node !== doc.output);
  errors.push(doc.output);
  return [...neurons, ...errors.map((node) => ({ name: doc.nodes[node].name, net: null, out: node }))];
}

/** Makes the region with both tables. */
function createTables(page) {
  const { doc, player } = page;
  const parameters = makePagedTable(page, {
    caption: "Parameters: weights and biases",
    headings: ["name", "value", "gradient ∂E/∂w", "last change", "derivation"],
    evident: ["name", "value", "derivation"],
    makeRow: (node) => makeParameterRow(page, node),
  });
  parameters.rebuild(doc.parameters);
  const neurons = makePagedTable(page, {
    caption: "Neurons and errors",
    headings: ["name", "net", "out, or error", "δ = ∂E/∂net", "derivation"],
    evident: ["name", "derivation"],
    makeRow: (neuron) => makeNeuronRow(page, neuron),
  });
  neurons.rebuild(neuronItems(doc));
  const element = makeRegion(page, "tables", "The numbers in the diagram",
    makeElement("div", { class: "two-tables" }, parameters.element, neurons.element));
  const visible = watchVisibility(element);
  return {
    element,
    update() {
      if (!page.runner.active || visible()) {
        const many = player.samples.length > 1;
        neurons.setCaption(many ? `Neurons and errors for sample ${page.sample + 1}` : "Neurons and errors");
        parameters.update();
        neurons.update();
      }
    },
  };
}
