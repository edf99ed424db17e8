/** Paper is light whatever the screen is: what draws its own colours is told, in time to draw them anew. */

const listeners = new Set();
const root = document.documentElement;
let theme;

/** `listener(onPaper)`. Returns the function that ends it. */
export function onPrint(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

addEventListener("beforeprint", () => {
  theme = root.dataset.theme;
  root.dataset.theme = "light";
  for (const listener of listeners) listener(true);
});

addEventListener("afterprint", () => {
  if (theme === undefined) delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const listener of listeners) listener(false);
});
