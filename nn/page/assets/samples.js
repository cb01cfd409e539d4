// The training data: what goes in, what should come out, and what the network says at present.

/** The samples as plain numbers that may be changed before they are handed back to the player. */
function copySamples(player) {
  return player.samples.map(({ inputs, targets, used }) => ({ inputs: [...inputs], targets: [...targets], used }));
}

/** What belongs to the targets and to the outputs in one row: each output after its target, if each has its own. */
function besideTargets({ targets, outputs }, ofTargets, ofOutputs) {
  return targets.length === outputs.length ? ofTargets.flatMap((each, position) => [each, ofOutputs[position]])
    : [...ofTargets, ...ofOutputs];
}

/** How many characters the longest number of the sets' inputs or targets has, within what a field can show. */
function longestNumber(doc, list) {
  const numbers = doc.sets.flatMap((set) => set[list].flat());
  return Math.min(12, Math.max(4, ...numbers.map((number) => fieldText(number).length)));
}

/** Makes one row of the training data: used, shown, inputs, targets with predictions, error. */
function makeSampleRow(page, index, digits) {
  const { player, doc } = page;
  const number = index + 1;
  const nameOf = (node) => doc.nodes[node].name;

  function changeSample(edit) {
    const samples = copySamples(player);
    edit(samples[index]);
    page.edit({ samples });
  }

  const used = makeElement("input", {
    type: "checkbox", "aria-label": `Sample ${number} in the training set`,
    change: () => {
      if (!used.checked && player.samples.filter((sample) => sample.used).length === 1) {
        used.checked = true;
        page.notify("One sample at least stays in the training set.");
        return;
      }
      changeSample((sample) => { sample.used = used.checked; });
    },
  });
  const shown = makeElement("input", {
    type: "radio", name: page.id("shown-sample"), "aria-label": `Show sample ${number} in the diagram`,
    change: () => page.showSample(index),
  });

  function makeValueField(list, position, node) {
    const field = makeNumberField(page, {
      label: `${nameOf(node)} of sample ${number}`,
      hiddenLabel: true,
      value: player.samples[index][list][position],
      apply: (value) => changeSample((sample) => { sample[list][position] = value; }),
    });
    field.input.style.setProperty("--digits", digits[list]);
    return field;
  }

  const inputs = doc.inputs.map((node, position) => makeValueField("inputs", position, node));
  const targets = doc.targets.map((node, position) => makeValueField("targets", position, node));
  const predictions = doc.outputs.map(() => makeElement("td", { class: "number" }));
  const error = makeElement("td", { class: "number" });
  const element = makeElement("tr", {},
    makeElement("th", { scope: "row" }, String(number)),
    makeElement("td", { class: "centred" }, makeElement("span", { class: "tick-area" }, used)),
    makeElement("td", { class: "centred" }, makeElement("span", { class: "tick-area" }, shown)),
    ...inputs.map((field) => makeElement("td", {}, field.element)),
    ...besideTargets(doc, targets.map((field) => makeElement("td", {}, field.element)), predictions), error);
  return {
    element,
    update() {
      const sample = player.samples[index];
      if (!sample) {
        return;
      }
      used.checked = sample.used;
      shown.checked = page.sample === index;
      inputs.forEach((field, position) => field.set(sample.inputs[position]));
      targets.forEach((field, position) => {
        field.set(sample.targets[position]);
      });
      doc.outputs.forEach((node, position) => {
        setText(predictions[position], cellText(player.known(node), player.value(node, index)));
      });
      setText(error, cellText(player.known(doc.output), player.value(doc.output, index)));
      element.classList.toggle("selected", page.sample === index && player.samples.length > 1);
    },
  };
}

/** Makes the choice among the training sets that fit the network; it can be changed while the network learns. */
function makeSetChoice(page) {
  const { player, doc } = page;
  const about = makeElement("p", { class: "set-about" });
  const choices = doc.sets.map((set, index) => [index, set.name]);
  const { element, select } = makeSelect(page, "set-choice", "Training set", choices,
    (value) => page.edit({ set: Number(value) }));
  const edited = makeElement("option", { value: -1, disabled: true }, "edited by hand");
  return {
    element: makeElement("div", { class: "set-row" }, element, about),
    update() {
      if (player.set === -1 && !edited.parentNode) {
        select.append(edited);
      } else if (player.set !== -1) {
        edited.remove();
      }
      if (select.value !== String(player.set)) {
        select.value = player.set;
      }
      setText(about, player.set === -1 ? "" : doc.sets[player.set].about);
    },
  };
}

/** Makes the region of the training data. */
function createSamples(page) {
  const { player, doc } = page;
  const nameOf = (node) => doc.nodes[node].name;
  const choice = makeSetChoice(page);
  const digits = { inputs: longestNumber(doc, "inputs"), targets: longestNumber(doc, "targets") };
  const table = makePagedTable(page, {
    caption: "Targets and predictions",
    headings: [
      "sample", "train", "show", ...doc.inputs.map(nameOf),
      ...besideTargets(doc, doc.targets.map(nameOf), doc.outputs.map(nameOf)), "error",
    ],
    evident: [],
    makeRow: (index) => makeSampleRow(page, index, digits),
    tallest: 12,
  });
  const add = makeButton("Add sample", () => {
    const samples = copySamples(player);
    samples.push({ ...copySamples(player)[page.sample], used: true });
    page.sample = samples.length - 1;
    page.edit({ samples });
    page.announce(`Sample ${samples.length} added, a copy of the one that was shown.`);
  });
  const remove = makeButton("Remove sample 1", () => {
    const samples = copySamples(player);
    const left = samples.filter((sample, index) => index !== page.sample);
    if (!left.some((sample) => sample.used)) {
      page.notify("One sample at least stays in the training set.");
      return;
    }
    page.edit({ samples: left });
  });
  const element = makeRegion(page, "samples", "Training data", choice.element, table.element,
    makeElement("div", { class: "button-row" }, add, remove));
  const visible = watchVisibility(element);
  let count = -1;
  return {
    element,
    update() {
      choice.update();
      if (player.samples.length !== count) {
        count = player.samples.length;
        // Of a single sample there is nothing to choose.
        table.table.classList.toggle("single", count === 1);
        table.rebuild([...Array(count).keys()]);
      } else if (!page.runner.active || visible()) {
        table.update();
      }
      setText(remove, `Remove sample ${page.sample + 1}`);
      remove.setAttribute("aria-disabled", count === 1);
    },
  };
}
