// The panel that answers where a number comes from.

const PENDING_TEXT = "This number is not computed yet in this round. Press “Next phase” to go on, or “Step” to "
  + "finish the round.";
const HINT_TEXT = "Choose a weight or a neuron in the diagram, or press “explain” in a table below. You then see "
  + "here, step by step and with the present numbers, how it comes about.";

/** Makes the panel; `open` fills it for the selected node, `close` returns the focus to where it came from. */
function createDerivation(page) {
  const { player, doc } = page;
  const hint = makeElement("p", { class: "hint" }, HINT_TEXT);
  const title = makeHeading(page, 3, { tabindex: -1, class: "derivation-title" });
  const close = makeButton("Close", () => page.select(null), { class: "close-button" });
  const edit = makeElement("div", { class: "derivation-edit" });
  const formula = makeScrollBox("Derivation", "formula-box");
  const panel = makeElement("div", { class: "derivation", keydown: (event) => {
    if (event.key === "Escape" && !event.target.getAttribute("aria-invalid")) {
      page.select(null);
    }
  } }, makeElement("div", { class: "derivation-head" }, title, close), edit, formula);
  const element = makeRegion(page, "derivation", "Where a number comes from", hint, panel);
  const visible = watchVisibility(element);
  panel.hidden = true;
  let opener = null;
  let field = null;
  let shown = null;

  function fill(node) {
    const { name } = doc.nodes[node];
    title.textContent = player.samples.length > 1 ? `${name}, sample ${page.sample + 1}` : name;
    formula.setAttribute("aria-label", `Derivation of ${name}`);
    if (shown !== node) {
      shown = node;
      field = null;
      if (doc.parameters.includes(node)) {
        field = makeNumberField(page, {
          label: `${name} =`, value: player.value(node, page.sample),
          apply: (value) => page.edit({ parameter: node, value }),
        });
      }
      edit.replaceChildren(...(field ? [field.element] : []));
      formula.scrollTo(0, 0);
    }
    if (field) {
      field.set(player.value(node, page.sample));
    }
    formula.replaceChildren(player.known(node) && player.knownDerivative(node)
      ? derivationElement(player, node, page.sample)
      : makeElement("p", { class: "hint" }, PENDING_TEXT));
  }

  return {
    element,
    /** Opens the panel for page.selected; a reader at the keyboard is taken to its heading. */
    open(byKeyboard) {
      const active = page.root.getRootNode().activeElement;
      if (active && page.root.contains(active) && !panel.contains(active)) {
        opener = active;
      }
      panel.hidden = false;
      hint.hidden = true;
      fill(page.selected);
      if (byKeyboard) {
        title.focus();
      } else {
        element.scrollIntoView({ block: "nearest", behavior: page.reducedMotion ? "auto" : "smooth" });
      }
    },
    close() {
      const hadFocus = panel.contains(page.root.getRootNode().activeElement);
      panel.hidden = true;
      hint.hidden = false;
      shown = null;
      if (hadFocus && opener && opener.isConnected) {
        opener.focus();
      }
      opener = null;
    },
    update() {
      if (page.selected !== null && (!page.runner.active || visible())) {
        fill(page.selected);
      }
    },
  };
}
