// The state of the page in its address, so that a view can be shared as a link.

const STATE_PREFIX = "#state=";

/** Writes an object as text that an address can hold. */
function encodeState(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  let characters = "";
  for (const byte of bytes) {
    characters += String.fromCharCode(byte);
  }
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Reads what encodeState wrote; throws where the text is anything else. */
function decodeState(text) {
  const characters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(
    Uint8Array.from(characters, (character) => character.charCodeAt(0))));
}

/** What a link to the present view holds. */
function pageState(page) {
  const { view, scale, selected, sample } = page;
  return { player: page.player.state(), view, scale, selected, sample };
}

/** Puts the page into a state that came from an address; returns false, and changes nothing, if it does not fit. */
function restorePageState(page, state) {
  const isIndex = (value, length) => Number.isInteger(value) && value >= 0 && value < length;
  if (typeof state !== "object" || state === null || typeof state.player !== "object" || state.player === null
      || !(state.selected === null || isIndex(state.selected, page.doc.nodes.length))
      || !isIndex(state.sample, 1_000_000)
      || !["network", "graph"].includes(state.view) || !["linear", "log"].includes(state.scale)) {
    return false;
  }
  page.runner.pause();
  if (!page.player.restore(state.player)) {
    return false;
  }
  page.view = state.view;
  page.scale = state.scale;
  page.sample = state.sample;
  page.select(state.selected, { quietly: true });
  page.runner.runTo(state.player.round);
  return true;
}

/** Makes the keeper of the address: it reads it at the start and on a change, and writes it while paused. */
function createAddress(page) {
  let timer = null;

  function read() {
    const { hash } = window.location;
    if (!hash.startsWith(STATE_PREFIX)) {
      return;
    }
    let fits = false;
    try {
      fits = restorePageState(page, decodeState(hash.slice(STATE_PREFIX.length)));
    } catch {
      fits = false;
    }
    if (!fits) {
      page.notify("The link holds a view that does not fit this page; it was left out.");
    }
  }

  function write() {
    timer = null;
    try {
      window.history.replaceState(null, "", STATE_PREFIX + encodeState(pageState(page)));
    } catch {
      // Some viewers forbid it; the link can still be copied.
    }
  }

  if (page.options.address) {
    window.addEventListener("hashchange", read);
  }
  return {
    read,
    /** The link to the present view. */
    link() {
      return window.location.href.split("#")[0] + STATE_PREFIX + encodeState(pageState(page));
    },
    /** Writes the address a little later: browsers limit how often it may change. */
    update() {
      if (page.options.address && !page.runner.active) {
        clearTimeout(timer);
        timer = setTimeout(write, 300);
      }
    },
  };
}
