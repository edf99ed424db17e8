import { html } from "../lib/html.js";
import { Store, useStore } from "../lib/store.js";
import { Icon } from "./icon.js";

const STAYS = 7_000;
const told = new Store([]);
let number = 0;

/** A short message that goes by itself. `kind`: "good", "bad" or nothing. */
export function tell(text, kind = "neutral") {
  const id = (number += 1);
  told.set([...told.get(), { id, text, kind }]);
  setTimeout(() => dismiss(id), STAYS);
}

const dismiss = (id) => told.set(told.get().filter((one) => one.id !== id));

export function Toasts() {
  const messages = useStore(told);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${messages.map(({ id, text, kind }) => html`<div class="toast" data-kind=${kind} key=${id}><${Icon} name=${kind === "bad" ? "warning" : "check"} /><span class="outside">${text}</span><button type="button" class="button button-icon button-quiet" aria-label="Dismiss" onClick=${() => dismiss(id)}><${Icon} name="close" size=${14} /></button></div>`)}
  </div>`;
}
