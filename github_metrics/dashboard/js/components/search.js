import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

const PAUSE = 300;

/** A field whose text is told when the typing pauses. */
export function Search({ label, placeholder, value, onChange, longest = 200 }) {
  const [text, setText] = useState(value);
  const timer = useRef(null);
  const told = useRef(value);
  useEffect(() => {
    if (value === told.current) return;
    told.current = value; // Changed from elsewhere: by the back button.
    clearTimeout(timer.current);
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (next) => {
    clearTimeout(timer.current);
    if (next === told.current) return;
    told.current = next;
    onChange(next);
  };
  const onInput = ({ target }) => {
    setText(target.value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => tell(target.value.trim()), PAUSE);
  };
  return html`<form class="search" role="search" onSubmit=${(event) => { event.preventDefault(); tell(text.trim()); }}>
    <${Icon} name="search" size=${14} />
    <input class="input" type="search" aria-label=${label} placeholder=${placeholder} value=${text} maxlength=${longest} autocomplete="off" spellcheck=${false} onInput=${onInput} />
  </form>`;
}
