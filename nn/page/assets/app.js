// The page: puts the player, the views and the controls together, and decides what is drawn when.

let mountedPages = 0;

// Milliseconds between two updates of tables and other text while it plays: faster than that nobody reads.
const TEXT_INTERVAL = 200;
const ANNOUNCE_INTERVAL = 5000;

/** Makes the region of the diagram: network or graph, and which sample it shows. */
function createDiagram(page) {
  const { doc, player } = page;
  const containers = { network: makeElement("div", { class: "view" }), graph: makeElement("div", { class: "view" }) };
  const makers = { network: createNetworkView, graph: createGraphView };
  const views = {};
  const choice = makeRadioGroup(page, "view", "Diagram", [["network", "Network"], ["graph", "Graph of named values"]],
    (view) => {
      page.view = view;
      page.refresh();
    });
  const sample = makeNumberField(page, {
    label: "Sample shown", value: 1, step: 1,
    check: (number) => (Number.isInteger(number) && number >= 1 && number <= player.samples.length
      ? null : `There are samples 1 to ${player.samples.length}.`),
    apply: (number) => page.showSample(number - 1),
  });
  const element = makeRegion(page, "diagram", "The network",
    makeElement("div", { class: "diagram-choices" }, choice.element, sample.element),
    containers.network, containers.graph);
  const visible = watchVisibility(element);

  /** The view that is shown; the other one is made when it is first asked for. */
  function presentView() {
    const { view } = page;
    views[view] ??= makers[view](page, containers[view]);
    return views[view];
  }

  return {
    element,
    presentView,
    update() {
      choice.set(page.view);
      sample.set(page.sample + 1);
      sample.element.hidden = player.samples.length === 1;
      for (const [name, container] of Object.entries(containers)) {
        container.hidden = name !== page.view;
      }
      if (!page.runner.active || visible()) {
        presentView().update();
      }
    },
  };
}

/** Makes the region of the error curve with the choice of its scale. */
function createCurveRegion(page) {
  const container = makeElement("div", { class: "view" });
  const choice = makeRadioGroup(page, "scale", "Scale", [["linear", "linear"], ["log", "logarithmic"]], (scale) => {
    page.scale = scale;
    page.refresh();
  });
  const element = makeRegion(page, "curve", "The error, round by round", choice.element, container);
  return makeViewRegion(page, element, container, createCurve, () => choice.set(page.scale));
}

/** Whether the plane of the inputs can be drawn, and the first output is compared with the first target there. */
function hasBoundary({ threshold, inputs, outputs, targets }) {
  return threshold !== null && inputs.length === 2 && outputs.length === targets.length;
}

/** Makes the region of the decision boundary. */
function createBoundaryRegion(page) {
  const container = makeElement("div", { class: "view" });
  const element = makeRegion(page, "boundary", "What the network says for every input", container);
  return makeViewRegion(page, element, container, createBoundary, () => {
    element.hidden = page.player.samples.length === 1; // one sample has no boundary with another
  });
}

/** Joins a region and its view, which is made on the first update, once the region is in the document. */
function makeViewRegion(page, element, container, createView, before) {
  const visible = watchVisibility(element);
  let view = null;
  return {
    element,
    update() {
      before();
      if (element.hidden) {
        return;
      }
      view ??= createView(page, container);
      if (!page.runner.active || visible()) {
        view.update();
      }
    },
  };
}

/** Makes the object that the views and the controls share. */
function createPage(root, doc, options) {
  mountedPages += 1;
  const prefix = `ag${mountedPages}`;
  let ids = 0;
  return {
    root,
    doc,
    options,
    player: new Player(doc),
    embedded: !options.address,
    sample: 0,
    selected: null,
    scale: "linear",
    view: "network",
    reducedMotion: window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    frame: options.frame ?? ((callback) => window.requestAnimationFrame(callback)),
    id: (name) => `${prefix}-${name}`,
    newId(name) {
      ids += 1;
      return `${prefix}-${name}-${ids}`;
    },
  };
}

/** Adds to the page what a reader can do: move, edit, choose what is shown. */
function addActions(page, parts) {
  const { player, runner } = page;
  let byKeyboard = false;
  // A button pressed with Enter, or by a screen reader, sends a click without a pointer: its detail is 0.
  page.root.addEventListener("keydown", () => { byKeyboard = true; }, true);
  page.root.addEventListener("pointerdown", () => { byKeyboard = false; }, true);
  page.root.addEventListener("click", (event) => { byKeyboard = event.detail === 0; }, true);

  page.step = (action) => {
    runner.pause();
    if (!player.diverged) {
      action();
      page.refresh();
      page.announceRound();
    }
  };
  page.goTo = (round) => {
    runner.pause();
    player.goTo(Math.max(0, Math.min(Math.round(round), player.end)));
    page.refresh();
  };
  page.edit = (change) => {
    player.change(change);
    page.sample = Math.min(page.sample, player.samples.length - 1);
    page.refresh();
  };
  page.showSample = (sample) => {
    page.sample = sample;
    page.refresh();
  };
  page.select = (node, { quietly = false } = {}) => {
    page.selected = node;
    if (node === null) {
      parts.derivation.close();
    } else {
      parts.derivation.open(byKeyboard && !quietly);
    }
    page.refresh();
  };
  page.notify = (text) => parts.notices.notify(text);
}

/** Adds to the page how it is drawn: all of it after an action, text less often than pictures while it plays. */
function addDrawing(page, parts) {
  const { player, runner } = page;
  const fast = [parts.head, parts.controls, parts.phases, parts.diagram, parts.curve];
  const slow = [parts.notices, parts.boundary, parts.derivation, parts.samples, parts.settings, parts.tables,
    parts.downloads].filter(Boolean);
  const lastDrawn = slow.map(() => -Infinity);
  let lastText = -Infinity;
  let lastAnnounced = 0;
  let next = 0;

  /** Updates the slow parts in turn, one a frame, so that no single frame has to bear them all. */
  function drawNextSlow(now) {
    if (now - lastDrawn[next] >= TEXT_INTERVAL) {
      lastDrawn[next] = now;
      slow[next].update();
      next = (next + 1) % slow.length;
    }
  }

  page.refresh = () => {
    page.sample = Math.min(page.sample, player.samples.length - 1);
    fast.forEach((part) => part.update(true));
    slow.forEach((part) => part.update());
    page.address.update();
  };
  page.drawFrame = (now) => {
    const all = now - lastText >= TEXT_INTERVAL;
    lastText = all ? now : lastText;
    fast.forEach((part) => part.update(all));
    drawNextSlow(now);
    if (now - lastAnnounced >= ANNOUNCE_INTERVAL) {
      lastAnnounced = now;
      page.announceRound();
    }
  };
  page.announceRound = () => {
    const phase = player.phase === null ? "" : `${player.phases[player.phase].title}. `;
    const state = runner.active ? "" : "Paused. ";
    page.announce(`${state}${phase}Round ${player.round}, error ${valueText(player.error)}.`);
  };
}

/** Builds the page inside `root` from its document; returns the object that the views use. */
function mountPage(root, doc, options = {}) {
  const page = createPage(root, doc, options);
  const live = makeElement("div", { class: "screen-reader-only", role: "status", "aria-live": "polite" });
  page.announce = (text) => setText(live, text);
  page.runner = createRunner(page);
  page.address = createAddress(page);
  const parts = {
    head: createHead(page),
    notices: createNotices(page),
    controls: createControls(page),
    phases: createPhases(page),
    diagram: createDiagram(page),
    curve: createCurveRegion(page),
    derivation: createDerivation(page),
    samples: createSamples(page),
    boundary: hasBoundary(doc) ? createBoundaryRegion(page) : null,
    settings: createSettings(page),
    tables: createTables(page),
    downloads: createDownloads(page),
  };
  addActions(page, parts);
  addDrawing(page, parts);
  Object.defineProperties(page, {
    diagram: { get: parts.diagram.presentView },
    playing: { get: () => page.runner.active },
  });

  const column = (name, ...regions) => makeElement("div", { class: `column ${name}` },
    ...regions.filter(Boolean).map((part) => part.element));
  root.replaceChildren(
    parts.head.element,
    makeElement(page.embedded ? "div" : "main", { class: "body" },
      parts.controls.element,
      column("column-present", parts.phases, parts.notices),
      parts.diagram.element,
      column("column-answers", parts.derivation, parts.curve, parts.boundary),
      column("column-settings", parts.samples, parts.settings),
      column("column-numbers", parts.tables, parts.downloads)),
    live);
  root.classList.toggle("embedded", page.embedded);
  if (page.embedded) {
    // A notebook may hold several of these pages: their parts are no landmarks of it.
    root.querySelectorAll("section, [role=region]").forEach((part) => part.setAttribute("role", "group"));
  }
  page.refresh();
  if (options.address) {
    page.address.read();
  }
  return page;
}

globalThis.autogradPage = { Player, mountPage, derivationText, modelFileText };

if (typeof document !== "undefined") {
  const data = document.querySelector("script.autograd-document");
  if (data) {
    mountPage(document.querySelector(".autograd-page"), JSON.parse(data.textContent), { address: true });
  }
}
