/** The server's time: a browser whose clock is wrong would ask for the wrong window. */
let ahead = 0;

/** Learn from the Date header of an answer; it has whole seconds, so small differences say nothing. */
export function learn(date) {
  const difference = Date.parse(date ?? "") - Date.now();
  if (Number.isFinite(difference)) ahead = Math.abs(difference) > 3000 ? difference : 0;
}

export const now = () => new Date(Date.now() + ahead);
