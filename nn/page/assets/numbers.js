// Numbers as text: as Python writes them, as the article prints them, and short ones for labels.

const MINUS = "−";

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
  const text = small
    ? number.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(number.toPrecision(4)));
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
