import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "../lib/html.js";

/** A button and what opens below it. `children(close)`. Escape, or a click elsewhere, closes it. */
export function Popover({ label, button, kind = "button", active = false, width = "18rem", children }) {
  const [open, setOpen] = useState(false);
  const element = useRef(null);
  const close = () => {
    setOpen(false);
    element.current?.querySelector("button")?.focus();
  };
  // Before it is painted: an Escape that follows at once would otherwise be heard by nobody.
  useLayoutEffect(() => {
    if (!open) return undefined;
    const outside = (event) => {
      if (!element.current?.contains(event.target)) setOpen(false);
    };
    const escape = (event) => {
      if (event.key === "Escape") close();
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
      removeEventListener("keydown", escape);
    };
  }, [open]);
  return html`<div class="popover" ref=${element}>
    <button type="button" class=${kind} aria-expanded=${open} aria-haspopup="dialog" data-active=${active || undefined} onClick=${() => setOpen(!open)}>${button}</button>
    ${open && html`<div class="popover-body" role="dialog" aria-label=${label} style=${{ "--width": width }}>${children(close)}</div>`}
  </div>`;
}
