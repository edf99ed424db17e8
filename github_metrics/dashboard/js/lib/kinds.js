import { SERIES } from "./palette.js";

/** The colour that a type of event has everywhere, as far as no other that is shown beside it has taken it. */
const USUAL = ["pull_request", "pull_request_review", "issue_comment", "status", "check_run", "workflow_job", "push", "deployment"];

export const OTHER = "other";

/** Type -> number of its series, from 1; OTHER has "other". */
export function seriesOf(types) {
  const taken = new Map();
  for (const type of types.filter((one) => USUAL.includes(one))) taken.set(type, USUAL.indexOf(type) + 1);
  const free = Array.from({ length: SERIES }, (_, index) => index + 1).filter((number) => ![...taken.values()].includes(number));
  for (const type of types.filter((one) => !taken.has(one))) taken.set(type, type === OTHER ? "other" : (free.shift() ?? "other"));
  return taken;
}

/** A type in words: pull_request_review -> pull request review. */
export const inWords = (type) => type.replaceAll("_", " ");
