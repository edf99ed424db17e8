import { fixed } from "./format.js";

const SIZES = [
  ["d", 86_400, 3 * 86_400],
  ["h", 3_600, 2 * 3_600],
  ["min", 60, 120],
  ["s", 1, 0],
];

/** An axis of durations whose greatest is `most` seconds: the unit, its length, and how a value is written there. */
export function timeAxis(most) {
  const [unit, size] = SIZES.find(([, , from]) => most >= from);
  return { size, write: (value) => `${fixed(value, Number.isInteger(value) ? 0 : 1)} ${unit}` };
}
