import { useId, useRef, useState } from "preact/hooks";
import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

const MOST = 50;

/**
 * Several of many: type to search, Enter or a click to choose, Backspace to take the last away.
 * `options`: [{value, note}], what is known; with `free`, anything else that is typed may be chosen too.
 */
export function Combobox({ label, placeholder, options, chosen, onChange, free = false, one = false }) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const id = useId();
  const input = useRef(null);
  const wanted = text.trim().toLowerCase();
  const found = options.filter(({ value }) => !chosen.includes(value) && value.toLowerCase().includes(wanted)).slice(0, MOST);
  const exact = [...chosen, ...found.map(({ value }) => value)].some((value) => value.toLowerCase() === wanted);
  if (free && wanted && !exact) found.push({ value: text.trim(), note: "as typed" });
  const current = Math.min(at, found.length - 1);

  const choose = (value) => {
    onChange(one ? [value] : [...chosen, value]);
    setText("");
    setAt(0);
    if (one) setOpen(false);
    input.current?.focus();
  };
  const remove = (value) => {
    onChange(chosen.filter((other) => other !== value));
    input.current?.focus();
  };
  const onKeyDown = (event) => {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      setAt((current + (key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(1, found.length));
    } else if (key === "Enter" && open && found[current]) {
      event.preventDefault();
      choose(found[current].value);
    } else if (key === "Escape" && open) {
      event.stopPropagation();
      setOpen(false);
    } else if (key === "Backspace" && text === "" && chosen.length) {
      remove(chosen.at(-1));
    }
  };
  const onBlur = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  };
  return html`<div class="field combobox" onFocusOut=${onBlur}>
    <label for=${id}>${label}</label>
    <div class="combobox-box" onClick=${() => input.current?.focus()}>
      ${chosen.map((value) => html`<span class="chip" key=${value}><span class="outside cut">${value}</span><button type="button" aria-label=${`Remove ${value}`} onClick=${() => remove(value)}><${Icon} name="close" size=${10} /></button></span>`)}
      <input id=${id} ref=${input} role="combobox" autocomplete="off" spellcheck=${false} aria-expanded=${open} aria-controls=${`${id}-list`} aria-autocomplete="list"
        aria-activedescendant=${open && found[current] ? `${id}-${current}` : undefined} placeholder=${chosen.length ? "" : placeholder} value=${text}
        onInput=${(event) => { setText(event.target.value); setAt(0); setOpen(true); }} onFocus=${() => setOpen(true)} onClick=${() => setOpen(true)} onKeyDown=${onKeyDown} />
    </div>
    ${open && html`<ul id=${`${id}-list`} class="combobox-list" role="listbox" aria-label=${label}>
      ${found.map(({ value, note }, index) => html`<li id=${`${id}-${index}`} key=${value} role="option" aria-selected=${index === current} onPointerDown=${(event) => { event.preventDefault(); choose(value); }} onPointerMove=${() => setAt(index)}><span class="outside cut">${value}</span>${note && html`<span class="faint">${note}</span>`}</li>`)}
      ${found.length === 0 && html`<li class="faint" role="presentation">${free ? "Type a name" : "Nothing matches"}</li>`}
    </ul>`}
  </div>`;
}
