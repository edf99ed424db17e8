/** How a number of things is spread over people. */

const EDGES = [0, 1, 3, 6, 11, 21, 51, 101, 201, 501];

const VERDICTS = [
  [0.2, "very even"],
  [0.4, "fairly even"],
  [0.6, "uneven"],
  [0.8, "very uneven"],
  [Infinity, "almost all by a few"],
];

/** A Gini coefficient in words. */
export const inWords = (gini) => VERDICTS.find(([below]) => gini < below)[1];

/** How many of the values are in each of the ranges, from the least to the greatest: [{name, people}]. */
export function histogram(values) {
  const most = Math.max(...values);
  const bars = EDGES.filter((edge) => edge <= most).map((from, index) => {
    const to = (EDGES[index + 1] ?? Infinity) - 1;
    return { name: from === to ? String(from) : to === Infinity ? `${from} or more` : `${from}–${to}`, people: values.filter((value) => value >= from && value <= to).length };
  });
  return bars.slice(bars.findIndex((bar) => bar.people));
}

/** What the busiest fifth of the people did: {people, share}, share in percent; null where there is nothing. */
export function busiest(values) {
  const total = values.reduce((sum, value) => sum + value, 0);
  if (!total) return null;
  const people = Math.max(1, Math.round(values.length / 5));
  const theirs = [...values].sort((a, b) => b - a).slice(0, people).reduce((sum, value) => sum + value, 0);
  return { people, share: (100 * theirs) / total };
}
