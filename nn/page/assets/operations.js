// The operations of the table of primitives, by their names there. A derivative needs none of its own: it comes on the
// tape, made of these. Predicates are 1 and 0.

const OPERATIONS = {
  absolute: (x) => Math.abs(x),
  acos: (x) => Math.acos(x),
  acosh: (x) => Math.acosh(x),
  add: (x, y) => x + y,
  asin: (x) => Math.asin(x),
  asinh: (x) => Math.asinh(x),
  atan: (x) => Math.atan(x),
  atan2: (y, x) => Math.atan2(y, x),
  atanh: (x) => Math.atanh(x),
  cbrt: (x) => Math.cbrt(x),
  ceil: (x) => Math.ceil(x),
  cos: (x) => Math.cos(x),
  cosh: (x) => Math.cosh(x),
  direction_cosine: (x, y) => directionCosine(x, y),
  divide: (x, y) => x / y,
  equal: (x, y) => +(x === y),
  erf: (x) => (Math.abs(x) < 1 ? errorFunction(x) : x > 0 ? 1 - erfcTail(x) : erfcTail(-x) - 1),
  erfc: (x) => (Math.abs(x) < 1 ? 1 - errorFunction(x) : x > 0 ? erfcTail(x) : 2 - erfcTail(-x)),
  exp: (x) => Math.exp(x),
  exp2: (x) => 2 ** x,
  expm1: (x) => Math.expm1(x),
  floor: (x) => Math.floor(x),
  floor_divide: (x, y) => flooredQuotient(x, y),
  greater: (x, y) => +(x > y),
  greater_equal: (x, y) => +(x >= y),
  hypot: (x, y) => Math.hypot(x, y),
  identity: (x) => x,
  less: (x, y) => +(x < y),
  less_equal: (x, y) => +(x <= y),
  log: (x) => Math.log(x),
  log10: (x) => Math.log10(x),
  log1p: (x) => Math.log1p(x),
  log2: (x) => Math.log2(x),
  logical_and: (x, y) => +(x !== 0 && y !== 0),
  logical_not: (x) => +(x === 0),
  logical_or: (x, y) => +(x !== 0 || y !== 0),
  logistic_density: (x) => logisticDensity(Math.exp(-Math.abs(x))),
  maximum: (x, y) => Math.max(x, y),
  minimum: (x, y) => Math.min(x, y),
  multiply: (x, y) => x * y,
  negative: (x) => -x,
  not_equal: (x, y) => +(x !== y),
  power: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y),
  power_log: (n, x, y) => powerTimesLog(n, x, y),
  relu: (x) => (x <= 0 ? 0 : x),
  remainder: (x, y) => flooredRemainder(x, y),
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  sign: (x) => Math.sign(x),
  signbit: (x) => +(x < 0 || Object.is(x, -0)),
  sin: (x) => Math.sin(x),
  sinh: (x) => Math.sinh(x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  sqrt: (x) => Math.sqrt(x),
  stop_gradient: (x) => x,
  subtract: (x, y) => x - y,
  tan: (x) => Math.tan(x),
  tanh: (x) => Math.tanh(x),
  where: (condition, x, y) => (condition !== 0 ? x : y),
};

/** The remainder with the sign of y, where JavaScript's own has that of x. */
function flooredRemainder(x, y) {
  const rest = x % y;
  if (rest === 0) {
    return y < 0 ? -0 : 0;
  }
  return rest < 0 === y < 0 ? rest : rest + y;
}

/** x / y rounded down as if it were exact: 1 over 0.1 is 9, since the float 0.1 is a little more than a tenth. */
function flooredQuotient(x, y) {
  if (y === 0) {
    return x / y;
  }
  const rest = x % y;
  const quotient = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
  const whole = Math.floor(quotient);
  return quotient === 0 ? 0 * Math.sign(x / y) : quotient - whole > 0.5 ? whole + 1 : whole;
}

/** x / hypot(x, y), on operands scaled by a power of two where that is subnormal or overflows. */
function directionCosine(x, y) {
  const length = Math.hypot(x, y);
  if (length === 0) {
    return 0;
  }
  const scale = length < 1e-290 ? 2 ** 600 : length > 1e300 ? 0.25 : 1;
  return (scale * x) / Math.hypot(scale * x, scale * y);
}

/** σ(x)·σ(-x), from exp(-|x|). */
function logisticDensity(tail) {
  const smaller = tail / (1 + tail);
  return smaller - smaller * smaller;
}

/** x^y·ln(x)^n, next to underflow by two halves of the power. */
function powerTimesLog(n, x, y) {
  if (!(n >= 0) || n % 1 !== 0) {
    return NaN;
  }
  const power = OPERATIONS.power(x, y);
  if (n === 0) {
    return power;
  }
  if (x === 0 && y > 0) {
    return 0;
  }
  const logarithm = Math.log(x) ** n;
  const half = OPERATIONS.power(x, 0.5 * y);
  return x > 0 && power < 2.2250738585072014e-308 ? half * logarithm * half : power * logarithm;
}

/** The error function within (-1, 1), by its power series, whose terms do not cancel: DLMF 7.6.2. */
function errorFunction(x) {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) from 1 up, by its continued fraction from below, deep enough for every such x: DLMF 7.9.2. */
function erfcTail(x) {
  if (x > 28) {
    return 0;
  }
  let fraction = x;
  for (let n = Math.ceil(12 + 300 / (x * x)); n > 0; n -= 1) {
    fraction = x + n / 2 / fraction;
  }
  const rounded = Math.fround(x); // its square is exact, and so is what is left of x * x in the second exponent
  const root = Math.exp((-rounded * rounded) / 2); // in two halves, since the whole loses its digits before erfc does
  return ((root * Math.exp((rounded - x) * (rounded + x))) / (fraction * Math.sqrt(Math.PI))) * root;
}
