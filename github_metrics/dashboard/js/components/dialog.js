import { useEffect, useId, useRef } from "preact/hooks";
import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

/** A modal dialog of the browser's own: it holds the focus, and Escape closes it. */
export function Dialog({ title, subtitle, onClose, wide = false, side = false, children, tools }) {
  const element = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => {
      if (before?.isConnected) before.focus();
    };
  }, []);
  const onClick = (event) => {
    if (event.target === element.current) onClose();
  };
  return html`<dialog class=${`dialog ${wide ? "dialog-wide" : ""} ${side ? "dialog-side" : ""}`} ref=${element} aria-labelledby=${id} onClose=${onClose} onCancel=${onClose} onClick=${onClick}>
    <div class="dialog-inner">
      <header class="dialog-head">
        <div class="dialog-title"><h2 id=${id} class="outside">${title}</h2>${subtitle && html`<p class="faint outside">${subtitle}</p>`}</div>
        ${tools}
        <button type="button" class="button button-icon button-quiet" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      <div class="dialog-body">${children}</div>
    </div>
  </dialog>`;
}
