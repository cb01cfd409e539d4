// Derivations, as `explain` writes them: Python hands over the lines, and here they get their numbers.

/** The number at the end of a line. */
function lineNumber(left, right, context) {
  return numberOf(left !== null && left[0] === "d" ? left : right, context);
}

/** Whether the formula of a line loses its digits at the present numbers: what remains is far from the derivative. */
function isCancelled([left, right], context) {
  if (left === null || left[0] !== "d" || isOfDerivatives(right)) {
    return false;
  }
  const [number, written] = [lineNumber(left, right, context), numberOf(right, context)];
  return Number.isFinite(number) && Math.abs(written - number) > 1e-9 * Math.abs(number);
}

/** One line in a medium, "text" or "mathml": its left side, what stands between the equals signs, and its value. */
function lineParts([left, right, , shown], medium, context) {
  const symbols = writeFormula(right, STYLES_OF_FORMULAS.textSymbols, context);
  const numbers = writeFormula(right, STYLES_OF_FORMULAS.textNumbers, context);
  const number = valueText(lineNumber(left, right, context));
  const same = numbers === symbols || numbers === number;
  const both = same ? ["Symbols"] : ["Symbols", "Numbers"];
  const styles = { symbols: ["Symbols"], numbers: ["Numbers"] }[shown] ?? both;
  const isValue = shown === "symbols" || !Array.isArray(chosenSide(right, context));
  const unexplained = left !== null && JSON.stringify(left) === JSON.stringify(right);
  return {
    left: left === null ? "" : writeFormula(left, STYLES_OF_FORMULAS[`${medium}Symbols`], context),
    between: unexplained ? [] : styles.map((style) => writeFormula(right, STYLES_OF_FORMULAS[medium + style], context)),
    value: isValue ? "" : number,
  };
}

/** The line of an update, as a formula of the table's rows: what a parameter is after one step of its own gradient. */
function updateLine(player, node) {
  const { doc, settings } = player;
  const row = (name) => doc.notations.findIndex((notation) => notation.name === name);
  const slope = ["d", doc.output, node];
  const step = settings.rate === 1 ? slope : [row("multiply"), settings.rate, slope];
  return [null, [row("subtract"), ["v", node], step], 0, "both"];
}

/** What is to be said of a node: the line of its value, those of its derivative, and notes. */
function derivationOf(player, node, sample) {
  const { formula, lines, notes } = player.doc.nodes[node];
  const context = formulaContext(player, sample, node);
  const derivative = player.derivative(node, sample);
  const { slope, error, agrees } = player.centralDifference(node, sample, derivative);
  // In the phases of a sequential round it is no derivative, but what new weights have handed back.
  const isDerivative = player.phase === null || player.settings.schedule === "simultaneous";
  const isOther = Math.abs(slope - derivative) > 8 * error + 1e-6 * Math.abs(derivative);
  const kink = isDerivative && isOther && !agrees;
  const used = player.samples.filter((each) => each.used).length;
  const trained = player.isTrained(node);
  const isAfterOthers = trained && player.settings.schedule === "sequential"
    && player.tape.stages[node] < player.tape.lastStage - 1;
  return {
    context,
    value: formula ? [["v", node], formula, 0, "both"] : null,
    lines: lines ?? [[["d", player.doc.output, node], 0, 0, "both"]],
    check: [derivative, slope],
    update: trained && !isAfterOthers ? updateLine(player, node) : null,
    alone: used === 1 && player.samples[sample].used,
    used,
    notes: [
      ...notes,
      ...(kink ? ["The central difference is another number: there is a kink or a jump here, or next to here."] : []),
      ...((lines ?? []).some((line) => isCancelled(line, context))
        ? ["A formula above is a small difference of larger numbers and loses its digits; the number has them all."]
        : []),
      ...(isAfterOthers
        ? ["Sequential updates change the layer above first, and take the step here by what its new weights hand back."]
        : []),
      ...(player.parameterIndex.has(node) && !trained ? ["It is not trained: updates leave it as it is."] : []),
    ],
  };
}

/** A derivation in the form in which `explain` prints it. */
function derivationText(player, node, sample = 0) {
  const { context, lines, check, update, alone, notes } = derivationOf(player, node, sample);
  const rows = lines.map((line) => {
    const { left, between, value } = lineParts(line, "text", context);
    const head = "  ".repeat(line[2]) + (left || "   ");
    return [[head, ...between].join(" = "), value];
  });
  const width = Math.max(0, ...rows.filter(([, value]) => value).map(([text]) => text.length));
  const text = rows.map(([row, value]) => (value ? `${row.padEnd(width)} = ${value}` : row));
  text.push(`check: backward ${valueText(check[0])} · central difference ${valueText(check[1])}`);
  if (update && alone) {
    const { between, value } = lineParts(update, "text", context);
    text.push(`update: ${[`${player.doc.nodes[node].name}⁺`, ...between, value].join(" = ")}`);
  }
  return [...text, ...notes].join("\n");
}

function mathElement(inside) {
  const template = document.createElement("template");
  template.innerHTML = `<math displaystyle="true"><mrow>${inside}</mrow></math>`;
  return template.content.firstChild;
}

/** A chain of equal sides as pieces between which a narrow panel can break the line. */
function mathPieces([first, ...others]) {
  const pieces = [mathElement(first), ...others.map((side) => mathElement(`<mo>=</mo>${side}`))];
  return pieces.flatMap((piece) => [" ", piece]).slice(1);
}

function derivationRow(line, context) {
  const { left, between, value } = lineParts(line, "mathml", context);
  const row = document.createElement("tr");
  const [formula, result] = [document.createElement("td"), document.createElement("td")];
  row.style.setProperty("--level", String(line[2] + (left ? 0 : 1)));
  const [first, ...others] = between;
  formula.append(...mathPieces([first === undefined ? left : `${left}<mo>=</mo>${first}`, ...others]));
  if (value) {
    result.append(mathElement(`<mo>=</mo>${numberMathml(value)}`));
  }
  row.append(formula, " ", result);
  return row;
}

/** A derivation as an element: how the value comes about, how the derivative does, the check, the update, notes. */
function derivationElement(player, node, sample) {
  const { context, value, lines, check, update, alone, used, notes } = derivationOf(player, node, sample);
  const table = document.createElement("table");
  table.className = "derivation-lines";
  const across = (...content) => {
    const row = document.createElement("tr");
    const cell = document.createElement("td");
    cell.colSpan = 2;
    cell.append(...content);
    row.append(cell);
    table.append(row);
  };
  const number = (x) => mathElement(numberMathml(valueText(x)));
  if (value) {
    table.append(derivationRow(value, context));
  }
  lines.forEach((line) => table.append(derivationRow(line, context)));
  across("check: backward ", number(check[0]), ", central difference ", number(check[1]));
  const { updated } = player.doc.nodes[node];
  if (update && alone) {
    const { between, value: result } = lineParts(update, "mathml", context);
    across("update: ", ...mathPieces([`${updated}<mo>=</mo>${between[0]}`, ...between.slice(1), numberMathml(result)]));
  } else if (update) {
    const gradient = player.gradient(node);
    const before = player.computedWith(node, sample);
    const after = before - player.settings.rate * gradient;
    across(`mean over the ${used} samples of the training set: `, number(gradient));
    const slope = mathmlOperand(valueText(gradient));
    const factor = mathmlParts.isNegative(slope) ? inParentheses(slope) : slope;
    const step = `${mathmlOperand(exactText(player.settings.rate))}<mo>×</mo>${factor}`;
    across("update, by that mean: ", ...mathPieces([
      `${updated}<mo>=</mo>${mathmlOperand(valueText(before))}<mo>−</mo>${step}`,
      numberMathml(valueText(after)),
    ]));
  }
  const element = document.createElement("div");
  element.append(table);
  for (const note of notes) {
    const paragraph = document.createElement("p");
    paragraph.className = "note";
    paragraph.textContent = note;
    element.append(paragraph);
  }
  return element;
}
