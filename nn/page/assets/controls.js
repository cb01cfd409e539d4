// The head of the page, the control bar (buttons, rounds, speed), a round's phases beneath it, and the notices.

const ICON_PATHS = {
  rewind: "M6 5h2.5v14H6zM20 5v14l-10-7z",
  back: "M16 5v14l-9-7zM17.500 5h2.500v14h-2.500z",
  play: "M7 4.500v15l12.500-7.500z",
  pause: "M6.500 5h4v14h-4zM13.500 5h4v14h-4z",
  step: "M4 5h2.500v14H4zM8 5v14l9-7z",
  phase: "M4 6v12l6-6zM12 6v12l6-6zM19 6h1.500v12H19z",
};

/** Makes the head of the page: title, what it is about, round and error in large figures. */
function createHead(page) {
  const { doc, player } = page;
  const round = makeElement("dd", { class: "reading-round" });
  const error = makeElement("dd", { class: "reading-error" });
  const errorName = makeElement("dt");
  const deviation = makeElement("p", { class: "deviation" });
  const element = makeElement(page.embedded ? "div" : "header", { class: "head" },
    makeElement("div", { class: "head-text" },
      makeHeading(page, 1, {}, doc.title), makeElement("p", { class: "about" }, doc.about), deviation),
    makeElement("dl", { class: "readings" },
      makeElement("div", {}, makeElement("dt", {}, "Round"), round),
      makeElement("div", {}, errorName, error)));
  return {
    element,
    update(slow) {
      setText(round, player.round.toLocaleString("en"));
      setText(error, valueText(player.error));
      if (slow) {
        const used = player.samples.filter((sample) => sample.used).length;
        setText(errorName, used > 1 ? `Error, mean of ${used} samples` : "Error");
        const checked = player.deviation();
        // At round 0 nothing is computed yet that could differ.
        setText(deviation, checked === null || checked.frames < 2 ? ""
          : `Compared with the Python engine at ${checked.frames} rounds: the weights `
            + `${checked.largest === 0 ? "are the same" : `differ by ${shortText(checked.largest)} at most`}.`);
      }
    },
  };
}

/** The smallest of 100, 200, 500, 1000, ... that is not below `round`: where the slider ends. */
function sliderEnd(round) {
  for (let power = 100; ; power *= 10) {
    for (const factor of [1, 2, 5]) {
      if (power * factor >= round) {
        return power * factor;
      }
    }
  }
}

/** Makes a transport button: a picture with its word, which stays readable on a phone. */
function makeTransportButton(name, label, title, action) {
  const text = makeElement("span", { class: "button-text" }, label);
  const button = makeButton(makeIcon(ICON_PATHS[name]), action, { class: "transport-button", title });
  button.append(text);
  return { button, text };
}

/** Makes the five transport buttons. */
function createTransport(page) {
  const { player, runner } = page;
  // In the middle of a round, a step is what is left of it; after its last phase the round is over already.
  const isInsideRound = () => player.phase !== null && player.phase < player.phases.length - 1;
  const rewind = makeTransportButton("rewind", "Rewind", "Back to round 0", () => page.goTo(0));
  const back = makeTransportButton("back", "Step back", "One round back", () => page.goTo(player.round - 1));
  const play = makeTransportButton("play", "Play", "Train round after round", () =>
    runner.active ? runner.pause() : runner.play(),
  );
  const step = makeTransportButton("step", "Step", "One round on", () =>
    page.step(() => player.advance(isInsideRound() ? 0 : 1)),
  );
  const phase = makeTransportButton("phase", "Next phase", "One phase of a round on", () =>
    page.step(() => player.nextPhase()),
  );
  play.button.classList.add("primary");
  const pictures = { Play: play.button.firstChild, Pause: makeIcon(ICON_PATHS.pause) };
  const buttons = [rewind, back, play, step, phase].map(({ button }) => button);

  return {
    element: makeElement("div", { class: "transport", role: "group", "aria-label": "Rounds" }, ...buttons),
    update() {
      const label = runner.active ? "Pause" : "Play";
      if (play.text.textContent !== label) {
        play.text.textContent = label;
        play.button.replaceChildren(pictures[label], play.text);
        play.button.title = runner.active ? "Stop after this round" : "Train round after round";
      }
      // aria-disabled instead of disabled: a button that goes dead under the finger would lose the focus.
      rewind.button.setAttribute("aria-disabled", player.round === 0 && player.phase === null);
      back.button.setAttribute("aria-disabled", player.round === 0);
      for (const { button } of [play, step, phase]) {
        button.setAttribute("aria-disabled", player.diverged !== null);
      }
    },
  };
}

/** Makes the slider over the rounds, the field to go to one, and the run of 10,000 with its progress. */
function createRounds(page) {
  const { player, runner } = page;

  function goToOrRun(round) {
    if (round <= player.end) {
      page.goTo(round);
    } else {
      runner.runTo(round);
    }
  }

  const slider = makeElement("input", {
    type: "range", min: 0, max: 100, step: 1, value: 0, id: page.id("slider"), class: "round-slider",
    input: () => goToOrRun(Number(slider.value)),
  });
  const sliderLabel = makeElement("label", { for: slider.id, class: "slider-label" }, "Round");
  const field = makeNumberField(page, {
    label: "Go to round",
    value: 0,
    step: 1,
    check: (round) => (Number.isInteger(round) && round >= 0 && round <= 1_000_000
      ? null : "A round is a whole number from 0 to 1,000,000."),
    apply: goToOrRun,
  });
  field.input.min = 0;
  const run = makeButton("Run 10,000 rounds", () => runner.runTo(player.round + 10_000), { class: "run-button" });
  const progress = makeElement("progress", { max: 1, value: 0, "aria-label": "Run of many rounds" });
  const stop = makeButton("Stop", () => runner.pause());
  const running = makeElement("span", { class: "running" }, progress, stop);
  running.hidden = true;

  return {
    element: makeElement("div", { class: "rounds" },
      makeElement("div", { class: "slider-row" }, sliderLabel, slider),
      field.element, run, running),
    update(slow) {
      const end = String(sliderEnd(Math.max(player.end, 100)));
      if (slider.max !== end) {
        slider.max = end;
      }
      if (slider.value !== String(player.round) && !runner.run) {
        slider.value = player.round;
      }
      const inRun = runner.run;
      if (running.hidden === Boolean(inRun)) {
        // Each of the two stands in the place of the other, and takes over its focus.
        const { activeElement } = slider.getRootNode();
        const focused = activeElement !== null && (activeElement === run || running.contains(activeElement));
        running.hidden = !inRun;
        run.hidden = Boolean(inRun);
        if (focused) {
          (inRun ? stop : run).focus();
        }
      }
      if (inRun) {
        progress.value = (player.round - inRun.first) / Math.max(1, inRun.target - inRun.first);
      }
      if (slow) {
        slider.setAttribute("aria-valuetext", `round ${player.round}`);
        field.set(player.round);
      }
    },
  };
}

/** Makes the choice of the speed. */
function createSpeed(page) {
  const { element, select } = makeSelect(page, "speed", "Speed", SPEEDS, (value) => { page.runner.speed = value; });
  select.value = page.runner.speed;
  return element;
}

/** Makes the control bar. */
function createControls(page) {
  const transport = createTransport(page);
  const rounds = createRounds(page);
  return {
    element: makeElement("section", { class: "controls", "aria-label": "Controls" },
      transport.element, createSpeed(page), rounds.element),
    update(slow) {
      transport.update();
      rounds.update(slow);
    },
  };
}

/** Makes the list of a round's phases, with one sentence about the present one. */
function createPhases(page) {
  const { player } = page;
  const list = makeElement("ol", { class: "phases" });
  const sentence = makeElement("p", { class: "phase-sentence" });
  let titles = "";

  function rebuild(phases) {
    list.replaceChildren(...phases.map((phase) =>
      makeElement("li", { class: `phase phase-${phase.kind}` }, makeElement("span", {}, phase.title))));
  }

  return {
    element: makeElement("section", { class: "phase-bar", "aria-label": "Phases of a round" }, list, sentence),
    update() {
      const phases = player.phases;
      const joined = phases.map((phase) => phase.title).join("\n");
      if (joined !== titles) {
        titles = joined;
        rebuild(phases);
      }
      const present = player.phase;
      [...list.children].forEach((item, index) => {
        if (index === present) {
          item.setAttribute("aria-current", "step");
        } else {
          item.removeAttribute("aria-current");
        }
        item.classList.toggle("done", present !== null && index < present);
      });
      setText(sentence, player.diverged ? "" : present === null
        ? `These are the numbers of round ${player.round}. Press “Next phase” to watch the next round, phase by phase.`
        : phases[present].about);
    },
  };
}

/** Makes the notices: a message that can be dismissed, and the way back when training diverges. */
function createNotices(page) {
  const { player } = page;
  const message = makeElement("div", { class: "notice-slot", role: "alert" });
  const divergence = makeElement("div", { class: "notice-slot", role: "alert" });
  let diverged = null;

  function fillDivergence() {
    const { round, error, back } = diverged;
    const retry = makeButton(`Back to round ${back} with half the learning rate`, () => {
      const rate = player.settings.rate / 2;
      page.goTo(back);
      page.edit({ rate });
    });
    const rewind = makeButton("Rewind", () => page.goTo(0));
    const figure = Number.isFinite(error) ? `the error grew to ${shortText(error)}` : "the error is no longer a number";
    divergence.replaceChildren(makeElement("div", { class: "notice notice-bad" },
      makeElement("p", {}, makeElement("strong", {}, `Training diverged at round ${round}: ${figure}. `),
        "The steps were too long: each went further past the goal than the one before. Try a smaller learning rate."),
      makeElement("div", { class: "button-row" }, retry, rewind)));
  }

  return {
    element: makeElement("div", { class: "notices" }, divergence, message),
    notify(text) {
      const dismiss = makeButton("Dismiss", () => message.replaceChildren());
      message.replaceChildren(makeElement("div", { class: "notice" }, makeElement("p", {}, text), dismiss));
    },
    update() {
      if ((player.diverged?.round ?? null) !== (diverged?.round ?? null)) {
        diverged = player.diverged;
        if (diverged) {
          fillDivergence();
        } else {
          divergence.replaceChildren();
        }
      }
    },
  };
}
