// Small makers of the page's own elements: text goes in as text nodes, never as markup.

/** Makes an HTML element; functions among the attributes become listeners, `true` an empty attribute. */
function makeElement(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Makes a heading; inside a notebook, which has headings of its own, it is one level lower. */
function makeHeading(page, level, attributes, ...children) {
  return makeElement(`h${level + (page.embedded ? 1 : 0)}`, attributes, ...children);
}

/** Makes a region of the page with its heading, which also names it to a screen reader. */
function makeRegion(page, name, title, ...children) {
  const heading = makeHeading(page, 2, { id: page.id(`${name}-title`) }, title);
  const attributes = { class: `region region-${name}`, "aria-labelledby": heading.id };
  return makeElement("section", attributes, heading, ...children);
}

/** Makes a push button that does not submit anything. */
function makeButton(label, action, attributes = {}) {
  return makeElement("button", { type: "button", click: action, ...attributes }, label);
}

/** Makes a box that scrolls inside itself; it takes the focus so that the arrow keys can scroll it. */
function makeScrollBox(label, className, ...children) {
  const attributes = { class: `scroll-box ${className}`, tabindex: 0, role: "region", "aria-label": label };
  return makeElement("div", attributes, ...children);
}

/** Makes one of the small pictures on the transport buttons from the data of a path in a 24 by 24 square. */
function makeIcon(pathData) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", pathData);
  svg.append(path);
  return svg;
}

/** Makes a group of radio buttons; `choices` are [value, label] pairs, `choose` hears the value chosen. */
function makeRadioGroup(page, name, legend, choices, choose) {
  const inputs = new Map();
  const group = makeElement("fieldset", { class: "radio-group" }, makeElement("legend", {}, legend));
  for (const [value, label] of choices) {
    const input = makeElement("input", { type: "radio", name: page.id(name), value, change: () => choose(value) });
    inputs.set(value, input);
    group.append(makeElement("label", { class: "choice" }, input, makeElement("span", {}, label)));
  }
  return {
    element: group,
    set(value) {
      const input = inputs.get(value);
      if (input && !input.checked) {
        input.checked = true;
      }
    },
  };
}

/** Makes a choice among [value, text] pairs with its label beside it; `choose` hears the value chosen. */
function makeSelect(page, className, label, choices, choose) {
  const select = makeElement("select", { id: page.newId("select"), change: () => choose(select.value) });
  select.append(...choices.map(([value, text]) => makeElement("option", { value }, text)));
  const element = makeElement("div", { class: className }, makeElement("label", { for: select.id }, label), select);
  return { element, select };
}

/** Writes text into an element only where it differs, so that an unchanged cell costs no layout. */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** The number as an input shows it: nine significant digits, which is what can be read, not what is stored. */
function fieldText(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : "";
}

/**
 * Makes a number input that applies what is typed on Enter or on leaving it, and says so when it cannot.
 *
 * `label` names the field; with `hiddenLabel` only to a screen reader. `check(value)` returns a sentence when a
 * number does not fit. The arrow keys change the value by `step`, the page keys by ten times as much.
 */
function makeNumberField(page, { label, hiddenLabel = false, value, apply, check = () => null, step = 0.01 }) {
  const message = makeElement("span", { class: "field-message", id: page.newId("message") });
  message.hidden = true;
  const input = makeElement("input", { type: "number", step: "any", autocomplete: "off", inputmode: "decimal" });
  let shown = fieldText(value);
  input.value = shown;

  function markValid() {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    message.hidden = true;
  }

  function markInvalid(text) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", message.id);
    message.textContent = text;
    message.hidden = false;
    page.announce(text);
  }

  function applyTyped() {
    if (input.value === shown && !input.validity.badInput) {
      markValid();
      return;
    }
    const number = Number(input.value);
    if (input.value.trim() === "" || !Number.isFinite(number)) {
      markInvalid(`Not a number: ${label} stays ${shown}.`);
      return;
    }
    const complaint = check(number);
    if (complaint) {
      markInvalid(`${complaint} ${label} stays ${shown}.`);
      return;
    }
    markValid();
    shown = input.value;
    apply(number);
  }

  input.addEventListener("change", applyTyped);
  input.addEventListener("keydown", (event) => {
    const factor = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.key === "Enter") {
      applyTyped();
    } else if (event.key === "Escape" && input.getAttribute("aria-invalid")) {
      input.value = shown;
      markValid();
    } else if (factor && Number.isFinite(input.valueAsNumber)) {
      event.preventDefault();
      input.value = fieldText(input.valueAsNumber + factor * step);
      applyTyped();
    }
  });

  const element = hiddenLabel
    ? makeElement("span", { class: "field" }, input, message)
    : makeElement("span", { class: "field" }, makeElement("label", {}, makeElement("span", {}, label), input), message);
  if (hiddenLabel) {
    input.setAttribute("aria-label", label);
  }
  return {
    element,
    input,
    /** Shows a new value, unless somebody is typing here or has yet to mend what they typed. */
    set(next) {
      const text = fieldText(next);
      const focused = input.getRootNode().activeElement === input;
      if (text === shown || input.getAttribute("aria-invalid") || (focused && input.value !== shown)) {
        return;
      }
      shown = text;
      input.value = text;
    },
  };
}

/** Says whether an element is on the screen, so that what nobody sees is not drawn while the network trains. */
function watchVisibility(element) {
  if (typeof IntersectionObserver === "undefined") {
    return () => true;
  }
  let visible = true;
  new IntersectionObserver((entries) => {
    visible = entries[entries.length - 1].isIntersecting;
  }).observe(element);
  return () => visible;
}

/** Calls `build` with the container's width now and whenever it has changed; returns nothing, as the page lives on. */
function watchWidth(container, build) {
  let known = 0;
  const measure = () => {
    const width = Math.floor(container.clientWidth);
    if (width === 0) {
      // Hidden: whatever its width is when it is shown again, its numbers are old then.
      known = 0;
    } else if (Math.abs(width - known) >= 4) {
      known = width;
      build(width);
    }
  };
  measure();
  // A frame later, as a new height inside the observer's own call would be reported as a loop.
  new ResizeObserver(() => requestAnimationFrame(measure)).observe(container);
}
