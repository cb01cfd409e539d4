// Sharing and saving: the link, the diagram, the network, the run.

/** Offers a text as a file; the address of its contents is given up once the download has begun. */
function downloadText(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const anchor = makeElement("a", { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The text of a view's drawing as an SVG file that needs no style sheet: the styles in use become attributes. */
function svgText(view) {
  const properties = ["display", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
    "opacity", "font-family", "font-size", "font-weight", "text-anchor", "paint-order", "stroke-linejoin"];
  const copy = view.svg.cloneNode(true);
  const originals = [view.svg, ...view.svg.querySelectorAll("*")];
  for (const [index, element] of [copy, ...copy.querySelectorAll("*")].entries()) {
    const style = getComputedStyle(originals[index]);
    for (const property of properties) {
      element.setAttribute(property, style.getPropertyValue(property));
    }
    for (const name of ["class", "tabindex", "role", "aria-pressed", "data-node"]) {
      element.removeAttribute(name);
    }
  }
  const [, , width, height] = copy.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const paper = svgElement("rect", { width, height });
  paper.setAttribute("fill", getComputedStyle(view.svg.closest(".region")).backgroundColor);
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

/** Writes rows as CSV; a text that a spreadsheet would take for a formula gets an apostrophe in front. */
function csvText(rows) {
  const cell = (value) => {
    const text = typeof value === "string" && /^[=+@-]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/** Makes the region with the link and the downloads. */
function createDownloads(page) {
  const { player, doc } = page;
  const words = doc.title.toLowerCase().match(/[a-z0-9]+/g) ?? ["network"];
  const base = words.join("-").slice(0, 40);
  const field = makeElement("input", {
    type: "text", readonly: true, class: "link-field", "aria-label": "Link to this view",
  });
  field.hidden = true;

  async function copyLink() {
    page.runner.pause();
    field.value = page.address.link();
    field.hidden = false;
    try {
      await navigator.clipboard.writeText(field.value);
      page.announce("The link is copied.");
      setText(status, "The link is copied.");
    } catch {
      field.select();
      field.focus();
      setText(status, "Copy the link from this field.");
    }
  }

  async function saveModel() {
    if (!globalThis.crypto.subtle) {
      page.notify("The browser computes the checksum of a model file only on a page of this machine, or over https.");
      return;
    }
    downloadText(`${base}.json`, "application/json", await modelFileText(player));
  }

  const status = makeElement("span", { class: "hint" });
  const buttons = [
    makeButton("Diagram (SVG)", () => downloadText(`${base}.svg`, "image/svg+xml", svgText(page.diagram))),
    doc.model && makeButton("Network (JSON)", saveModel),
    makeButton("Run (JSON)", () => {
      const run = { title: doc.title, round: player.round, error: player.error, ...pageState(page) };
      downloadText(`${base}-run.json`, "application/json", `${JSON.stringify(run, null, 1)}\n`);
    }),
    makeButton("Run (CSV)", () =>
      downloadText(`${base}-run.csv`, "text/csv", csvText(player.table(10_001)))),
  ];
  const copy = makeButton("Copy link to this view", copyLink);
  const link = makeElement("div", { class: "button-row" }, copy, field, status);
  return {
    element: makeRegion(page, "downloads", "Share and save",
      page.options.address ? link : null,
      makeElement("div", { class: "button-row" }, ...buttons.filter(Boolean))),
    update() {
      if (field.value && field.value !== page.address.link()) {
        field.value = "";
        field.hidden = true;
        setText(status, "");
      }
    },
  };
}
