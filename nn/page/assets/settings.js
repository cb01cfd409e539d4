// The settings: learning rate, schedule of the update, biases. None of them starts the training again.

const SCHEDULE_EXPLANATION = [
  "Simultaneous: the gradients of all layers are computed with the weights as they are, and then all weights change at "
    + "once. This is gradient descent, and the rule that the text of the well-known worked example gives.",
  "Sequential: the output layer changes first; the layer before it then gets its deltas through weights that have "
    + "already changed, and so on backward. These steps are the gradient of nothing, only close to one.",
  "Why both are here: the worked example’s text and its updated weights follow the first rule, but the figures that "
    + "close it were printed by an early script that followed the second. With the example’s numbers, E_total after "
    + "10,000 rounds is 0.0000351019 by the first rule and 0.0000350848 by the second, which it prints as 0.000035085. "
    + "In any other network the two differ as little as the steps are small.",
];

const BIAS_EXPLANATION = "The worked example leaves the biases as they are; almost everybody else trains them too.";

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
