// Playing, and running to a round: rounds are done in small portions, one portion for each frame of the screen.

const SPEEDS = [
  ["phases", "phase by phase (1 a second)"],
  ["1", "1 round a second"],
  ["10", "10 rounds a second"],
  ["100", "100 rounds a second"],
  ["1000", "1,000 rounds a second"],
  ["fastest", "as fast as it goes"],
];

// Milliseconds of training within one frame: the rest of the 16 is left for drawing. Where frames come late all the
// same, it shrinks down to the smaller one, so that the picture keeps moving at more than 30 frames a second.
const FRAME_BUDGET = 8;
const SMALLEST_FRAME_BUDGET = 2;
const LATE_FRAME = 28;

/** Makes the keeper of the pace: it does, in one go a frame, as many rounds as lately fitted into a budget. */
function createPace(player) {
  let roundsPerMillisecond = 0;
  return {
    /** Does up to `limit` rounds in about `budget` milliseconds; returns how many were done. */
    run(limit, budget) {
      const portion = Math.max(1, Math.min(limit, Math.floor(roundsPerMillisecond * budget)));
      const [started, before] = [performance.now(), player.round];
      player.advance(portion);
      const elapsed = Math.max(performance.now() - started, 0.1);
      // Slower is believed at once; faster only up to four times, since the clock is coarse and the first rounds lag.
      roundsPerMillisecond = Math.min(portion / elapsed, Math.max(roundsPerMillisecond * 4, 1));
      return player.round - before;
    },
  };
}

/** Makes the runner: it plays at a speed or runs to a round, and tells the page after each frame. */
function createRunner(page) {
  const { player } = page;
  let mode = null;
  let first = 0;
  let target = 0;
  let owed = 0;
  let last = 0;
  let ticket = 0;
  let budget = FRAME_BUDGET;
  const pace = createPace(player);

  function playFrame(elapsed) {
    const { speed } = runner;
    if (speed === "phases") {
      owed += elapsed / 1000;
      if (owed >= 1) {
        owed = 0;
        player.nextPhase();
      }
      return;
    }
    owed = speed === "fastest" ? Infinity : owed + (elapsed * Number(speed)) / 1000;
    const due = Math.floor(owed);
    const done = due > 0 ? pace.run(due, budget) : 0;
    // What did not fit is forgotten: a slow machine plays more slowly instead of falling ever further behind.
    owed = done < due ? 0 : owed - done;
  }

  function frame(now, mine) {
    if (mode === null || mine !== ticket) {
      return;
    }
    const elapsed = Math.min(Math.max(now - last, 0), 1000);
    last = now;
    budget = elapsed > LATE_FRAME ? Math.max(SMALLEST_FRAME_BUDGET, budget / 2) : Math.min(FRAME_BUDGET, budget + 0.5);
    if (mode === "play") {
      playFrame(elapsed);
    } else {
      pace.run(target - player.round, budget);
    }
    if (player.diverged || (mode === "run" && player.round >= target)) {
      runner.pause();
      return;
    }
    page.drawFrame(now);
    page.frame((next) => frame(next, mine));
  }

  function start(newMode) {
    mode = newMode;
    ticket += 1;
    const mine = ticket;
    last = performance.now();
    page.refresh();
    page.frame((now) => frame(now, mine));
  }

  const runner = {
    speed: "10",
    get active() {
      return mode !== null;
    },
    get playing() {
      return mode === "play";
    },
    /** How far a run to a round has come: null, or {first, target}. */
    get run() {
      return mode === "run" ? { first, target } : null;
    },
    play() {
      if (!player.diverged) {
        // A first round or phase at once: somebody who presses Play should see something happen.
        owed = 1;
        start("play");
      }
    },
    /** Runs to a later round; called again while it runs, it only changes where to stop. */
    runTo(round) {
      target = round;
      if (mode !== "run" && !player.diverged && round > player.round) {
        first = player.round;
        start("run");
      }
    },
    pause() {
      if (mode !== null) {
        mode = null;
        page.refresh();
        page.announceRound();
      }
    },
  };
  return runner;
}
