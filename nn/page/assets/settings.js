// The settings: learning rate, schedule of the update, biases. None of them starts the training again.

const SCHEDULE_EXPLANATION = [
  "All at once: every gradient is computed with the weights as they are. Only then do all the weights change. This is "
    + "gradient descent.",
  "Output layer first: the last layer’s weights change at once. The layer before it gets its deltas through these "
    + "changed weights, then changes too, and so on back to the inputs. Such a step follows the gradient only nearly.",
  "Why both? “A Step by Step Backpropagation Example”, the article that many learn from, explains the first rule, and "
    + "the updated weights that it prints follow it. The figures at its end follow the second. With its numbers, "
    + "E_total after 10,000 rounds is 0.0000351019 by the first rule and 0.0000350848 by the second; the article "
    + "prints 0.000035085. The smaller the learning rate, the less the two differ.",
];

const BIAS_EXPLANATION = "“A Step by Step Backpropagation Example” leaves the biases as they are. Most networks train "
  + "them too.";

/** The nearest number with three significant digits: the rates that the slider offers. */
function roundedRate(exponent) {
  return Number((10 ** exponent).toPrecision(3));
}

/** Makes the learning rate's field and its slider on a logarithmic scale. */
function makeRateSetting(page) {
  const { player } = page;
  const field = makeNumberField(page, {
    label: "Learning rate η",
    value: player.settings.rate,
    check: (rate) => (rate >= 0 ? null : "A learning rate is not below 0."),
    apply: (rate) => page.edit({ rate }),
  });
  const slider = makeElement("input", {
    type: "range", min: -4, max: 2, step: 0.01, "aria-label": "Learning rate, logarithmic",
    input: () => page.edit({ rate: roundedRate(Number(slider.value)) }),
  });
  return {
    element: makeElement("div", { class: "rate-setting" }, field.element, slider),
    update() {
      const { rate } = player.settings;
      field.set(rate);
      const exponent = rate > 0 ? Math.log10(rate) : -4;
      if (Math.abs(Number(slider.value) - exponent) > 0.01) {
        slider.value = exponent;
      }
      slider.setAttribute("aria-valuetext", fieldText(rate));
    },
  };
}

/** Makes the region of the settings. */
function createSettings(page) {
  const { player } = page;
  const rate = makeRateSetting(page);
  const schedule = makeRadioGroup(page, "schedule", "Weights change",
    [["simultaneous", "all at once (simultaneous)"], ["sequential", "output layer first (sequential)"]],
    (value) => page.edit({ schedule: value }));
  const explanation = makeElement("details", {},
    makeElement("summary", {}, "What is the difference?"),
    ...SCHEDULE_EXPLANATION.map((text) => makeElement("p", {}, text)));
  const biases = makeElement("input", { type: "checkbox", change: () => page.edit({ biases: biases.checked }) });
  return {
    element: makeRegion(page, "settings", "Settings", rate.element, schedule.element, explanation,
      makeElement("label", { class: "choice" }, biases, makeElement("span", {}, "Train the biases too")),
      makeElement("p", { class: "hint" }, BIAS_EXPLANATION)),
    update() {
      rate.update();
      schedule.set(player.settings.schedule);
      biases.checked = player.settings.biases;
    },
  };
}
