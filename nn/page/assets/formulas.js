// Formulas with the present numbers: nested lists, as autograd.display.page.interchange describes them, evaluated, and
// written by the templates of the table of primitives, as MathML or as text.

const NEGATION_PRECEDENCE = 2;

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
  const isOneEdge = edge >= 0 && !isOfDerivatives(definition);
  return isOneEdge ? player.edgeDerivative(edge, sample) : numberOf(definition, context);
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
