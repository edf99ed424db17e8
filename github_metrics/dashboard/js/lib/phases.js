import { duration, fixed } from "./format.js";

/** The phases of a pull request: they follow one another, and add up to its cycle time. `series`: of their colour. */
export const PHASES = [
  { id: "draft_time", name: "Draft", meaning: "opened to ready for review", series: 5 },
  { id: "pickup_time", name: "Pickup", meaning: "ready to first review", series: 3 },
  { id: "review_time", name: "Review", meaning: "first review to approved", series: 1 },
  { id: "merge_time", name: "Merge", meaning: "approved to merged", series: 2 },
];

const UNITS = [
  [86_400, 3_600, "h"],
  [3_600, 60, "min"],
  [0, 1, "s"],
];

/** Durations and their sum, in words of one unit, so that what is shown adds up: {parts, total}. */
export function adding(seconds, sum) {
  const [, unit, name] = UNITS.find(([least]) => sum >= least);
  const shares = seconds.map((value) => value / unit);
  const whole = shares.map(Math.floor);
  const total = Math.round(sum / unit);
  const left = total - whole.reduce((added, one) => added + one, 0);
  const byRest = shares.map((share, index) => [share - whole[index], index]).sort(([a], [b]) => b - a);
  for (const [, index] of byRest.slice(0, Math.max(0, left))) whole[index] += 1;
  const said = (units, exact) => (units ? duration(units * unit) : exact > 0 ? `<1 ${name}` : `0 ${name}`);
  return { parts: whole.map((units, index) => said(units, seconds[index])), total: said(total, sum) };
}

/** A duration in its largest unit, where there is little room. */
export function rough(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return "0";
  const [size, unit] = [[86_400, "d"], [3_600, "h"], [60, "min"]].find(([least]) => seconds >= least) ?? [1, "s"];
  return `${fixed(seconds / size, seconds % size === 0 || seconds / size >= 100 ? 0 : 1)} ${unit}`;
}

const SCALES = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** How long what is in a bar of a distribution took. */
export function barName({ from_seconds: from, to_seconds: to }) {
  const [size, unit] = SCALES.find(([least]) => (from || to) >= least) ?? SCALES.at(-1);
  if (from === 0) return `under ${to / size} ${unit}`;
  return to === null ? `${from / size} ${unit} or more` : `${from / size}–${to / size} ${unit}`;
}

/** Steps of an axis of durations that a person counts in: at most five of them up to `most` seconds. */
export function durationAxis(most) {
  const steps = [60, 300, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000];
  const interval = steps.find((step) => most / step <= 5) ?? Math.ceil(most / 5 / 2_592_000) * 2_592_000;
  return { interval, max: interval * Math.max(1, Math.ceil(most / interval)) };
}
