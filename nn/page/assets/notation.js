// Formulas and derivations with the present numbers, as `explain` writes them: Python hands over the lines and the
// templates of the table of primitives, and here they are filled in, as MathML or as text.

const [SUM_PRECEDENCE, NEGATION_PRECEDENCE] = [1, 2];
const MINUS = "−";

// Numbers.

/** A number as short as it can be and still be read back exactly, as Python writes it: 2, 0.1, 1e-05. */
function exactText(number) {
  if (!Number.isFinite(number)) {
    return Number.isNaN(number) ? "nan" : number > 0 ? "inf" : `${MINUS}inf`;
  }
  const [mantissa, exponent] = number.toExponential().split("e");
  const inDigits = number === 0 || (exponent >= -4 && exponent < 16);
  const text = inDigits ? (Object.is(number, -0) ? "-0" : String(number)) : withExponent(mantissa, Number(exponent));
  return text.replace(/^-/, MINUS);
}

function withExponent(mantissa, exponent) {
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** A number by `toFixed` or `toExponential`, but a half is rounded to the even digit, as Python does. */
function halfToEven(number, method, decimals) {
  if (!number.toExponential().includes("5e")) { // the last digit of a half is 5
    return number[method](decimals);
  }
  const [digits, power] = number[method](40).split("e");
  const end = digits.length - 40 + decimals;
  const isHalf = /^50*$/.test(digits.slice(end)) && "02468".includes(digits[end - 1]);
  return isHalf ? digits.slice(0, end) + (power === undefined ? "" : `e${power}`) : number[method](decimals);
}

/** A number as the article prints it: nine decimals where it has as many, nine digits where it is small or large. */
function valueText(number) {
  const short = exactText(number);
  if (short.length <= 11 || !Number.isFinite(number)) {
    return short;
  }
  const size = Math.abs(number);
  if (size >= 1e-4 && size < 1e6) {
    return halfToEven(number, "toFixed", 9).replace("-", MINUS);
  }
  const [mantissa, exponent] = halfToEven(number, "toExponential", 8).split("e");
  const digits = exponent >= -4 && exponent < 9
    ? String(Number(`${mantissa}e${exponent}`))
    : withExponent(String(Number(mantissa)), Number(exponent));
  return digits.replace(/^-/, MINUS);
}

/** A number of four digits at most, for a label. */
function shortText(number) {
  if (!Number.isFinite(number)) {
    return exactText(number);
  }
  const size = Math.abs(number);
  const small = size !== 0 && (size < 1e-4 || size >= 1e6);
  const text = small ? number.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e") : String(Number(number.toPrecision(4)));
  return text.replaceAll("-", MINUS);
}

/** The text of a number as MathML. */
function numberMathml(text) {
  if (text.startsWith(MINUS)) {
    return `<mrow><mo>${MINUS}</mo>${numberMathml(text.slice(1))}</mrow>`;
  }
  const [mantissa, exponent] = text.split("e");
  if (exponent === undefined || !/^\d/.test(text)) {
    return /^\d/.test(text) ? `<mn>${text}</mn>` : `<mi>${text === "inf" ? "∞" : text}</mi>`;
  }
  const power = numberMathml(String(Number(exponent)).replace("-", MINUS));
  return `<mrow><mn>${mantissa}</mn><mo>×</mo><msup><mn>10</mn>${power}</msup></mrow>`;
}

// Formulas: nested lists, as autograd.display.interchange describes them.

/** What a formula is asked about: a player, one of its samples, and the derivation that the formula is of, if any. */
function formulaContext(player, sample, variable = null) {
  const { doc } = player;
  const definitions = new Map();
  for (const [left, right] of variable === null ? [] : doc.nodes[variable].lines ?? []) {
    if (left !== null && JSON.stringify(left) !== JSON.stringify(right)) {
      definitions.set(JSON.stringify(left), right);
    }
  }
  return { player, sample, variable, definitions };
}

const isLeaf = (tree) => !Array.isArray(tree) || typeof tree[0] === "string";

function numberOf(tree, context) {
  if (!Array.isArray(tree)) {
    return Tape.number(tree);
  }
  if (typeof tree[0] === "string") {
    return numberOfSymbol(tree, context);
  }
  const { notations } = context.player.doc;
  return OPERATIONS[notations[tree[0]].name](...tree.slice(1).map((operand) => numberOf(operand, context)));
}

function numberOfSymbol(tree, context) {
  const { player, sample, variable, definitions } = context;
  const [kind, node, by] = tree;
  if (kind === "v") {
    return player.computedWith(node, sample);
  }
  if (kind === "δ") {
    return player.derivative(node, sample);
  }
  if (kind === "rest") { // what is left of the sum
    if (context.withoutRest) {
      return 0;
    }
    const written = numberOf(player.doc.nodes[variable].lines[0][1], { ...context, withoutRest: true });
    return player.derivative(variable, sample) - written;
  }
  if (node === player.doc.output) {
    return player.derivative(by, sample);
  }
  // Along an edge the tape has the number, with more digits than a textbook's formula such as 1 − out² may keep.
  const definition = definitions.get(JSON.stringify(tree));
  const edge = player.doc.edges.findIndex(([source, target]) => source === by && target === node);
  return edge >= 0 && !isOfDerivatives(definition) ? player.edgeDerivative(edge, sample) : numberOf(definition, context);
}

/** Whether a formula is made of other derivatives, as a product along several edges is. */
function isOfDerivatives(tree) {
  if (!Array.isArray(tree)) {
    return false;
  }
  return typeof tree[0] === "string" ? tree[0] !== "v" : tree.slice(1).some(isOfDerivatives);
}

// Writing. A style says how leaves, operations, products and parentheses look.

const textName = ([kind, node, by], { nodes }) => ({
  v: () => nodes[node].name,
  d: () => `∂${nodes[node].name}/∂${nodes[by].name}`,
  δ: () => `δ_${nodes[node].name}`,
  rest: () => `(${node.toLocaleString("en")} more terms)`,
})[kind]();

const mathmlName = ([kind, node, by], { nodes }) => ({
  v: () => nodes[node].mathml,
  d: () => `<mfrac><mrow><mo>∂</mo>${nodes[node].mathml}</mrow><mrow><mo>∂</mo>${nodes[by].mathml}</mrow></mfrac>`,
  δ: () => nodes[node].delta,
  rest: () => `<mtext>(${node.toLocaleString("en")}&#160;more&#160;terms)</mtext>`,
})[kind]();

const inParentheses = (inside) => `<mrow><mo>(</mo>${inside}<mo>)</mo></mrow>`;

/** A number inside a formula: a power of ten stands in parentheses. */
function mathmlOperand(text) {
  const sign = text.startsWith(MINUS) ? `<mo form="prefix">${MINUS}</mo>` : "";
  const piece = sign + numberMathml(text.replace(MINUS, ""));
  return text.includes("e") ? inParentheses(piece) : piece;
}

const besideText = (sign) => (a, b) => (b.startsWith("(") && !a.includes(" / ") ? `${a} ${b}` : `${a} ${sign} ${b}`);
const textParts = {
  name: textName,
  parentheses: (inside) => `(${inside})`,
  template: ({ text, text_operands: operands }) => [text, operands],
  isNegative: (text) => text.startsWith("-") || text.startsWith(MINUS),
};
const mathmlParts = {
  name: mathmlName,
  parentheses: inParentheses,
  template: ({ mathml, mathml_operands: operands }) => [mathml, operands],
  isNegative: (text) => text.startsWith(`<mo form="prefix">${MINUS}`),
};
const STYLES_OF_FORMULAS = {
  textSymbols: { ...textParts, symbols: true, number: exactText, product: besideText("·") },
  textNumbers: { ...textParts, symbols: false, number: valueText, product: besideText("×") },
  mathmlSymbols: {
    ...mathmlParts, symbols: true, number: (number) => mathmlOperand(exactText(number)),
    product: (a, b) => (b.startsWith("<mrow><mo>(") ? a + b : `${a}<mo>·</mo>${b}`),
  },
  mathmlNumbers: {
    ...mathmlParts, symbols: false, number: (number) => mathmlOperand(valueText(number)),
    product: (a, b) => `${a}<mo>×</mo>${b}`,
  },
};

/** A formula with the fewest parentheses; of a `where` only the side that is taken. */
function writeFormula(tree, style, context, loosest = 0) {
  const { doc } = context.player;
  if (isLeaf(tree)) {
    const named = Array.isArray(tree) && style.symbols;
    const text = named ? style.name(tree, doc) : style.number(numberOf(tree, context));
    return style.isNegative(text) && loosest > NEGATION_PRECEDENCE ? style.parentheses(text) : text;
  }
  const [row, ...operands] = tree;
  const notation = doc.notations[row];
  if (notation.name === "where") {
    return writeFormula(numberOf(operands[0], context) ? operands[1] : operands[2], style, context, loosest);
  }
  const [template, least] = style.template(notation);
  const parts = operands.map((operand, i) => writeFormula(operand, style, context, least[i] ?? 0));
  if (notation.name === "add" && style.isNegative(parts[1])) {
    parts[1] = style.parentheses(parts[1]);
  }
  const text = notation.name === "multiply" ? style.product(...parts) : filledTemplate(template, parts);
  return notation.precedence < loosest ? style.parentheses(text) : text;
}

/** The template with its places filled; a part that is the only content of a fraction or root is kept together. */
function filledTemplate(template, parts) {
  const grouped = /^<m(frac|sup|sqrt|root|sub)>/.test(template);
  return template.replace(/\{(\d)\}/g, (_, i) => (grouped ? `<mrow>${parts[i]}</mrow>` : parts[i]));
}

/** A formula after its comparisons: the side of each `where` that is taken. */
function chosenSide(tree, context) {
  let chosen = tree;
  while (!isLeaf(chosen) && context.player.doc.notations[chosen[0]].name === "where") {
    chosen = numberOf(chosen[1], context) ? chosen[2] : chosen[3];
  }
  return chosen;
}

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
  const styles = shown === "symbols" ? ["Symbols"] : shown === "numbers" ? ["Numbers"] : same ? ["Symbols"] : ["Symbols", "Numbers"];
  const isValue = shown === "symbols" || !Array.isArray(chosenSide(right, context));
  const unexplained = left !== null && JSON.stringify(left) === JSON.stringify(right);
  return {
    left: left === null ? "" : writeFormula(left, STYLES_OF_FORMULAS[`${medium}Symbols`], context),
    between: unexplained ? [] : styles.map((style) => writeFormula(right, STYLES_OF_FORMULAS[medium + style], context)),
    value: isValue ? "" : number,
  };
}

// Derivations.

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
  const { slope, error } = player.centralDifference(node, sample);
  // In the phases of a sequential round it is no derivative, but what new weights have handed back.
  const isDerivative = player.phase === null || player.settings.schedule === "simultaneous";
  const kink = isDerivative && Math.abs(slope - derivative) > 8 * error + 1e-6 * Math.abs(derivative);
  const used = player.samples.filter((each) => each.used).length;
  const index = player.parameterIndex.get(node);
  const trained = index !== undefined && (player.settings.biases || !player.isBias[index]);
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
      ...(index !== undefined && !trained ? ["It is not trained: updates leave it as it is."] : []),
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
