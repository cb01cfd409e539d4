"""A derivative as a person works it out: formulas, steps, and the formats in which they are written."""
