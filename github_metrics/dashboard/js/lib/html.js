import { h } from "preact";
import htm from "htm";

/** Tagged templates instead of JSX: no build step. Whatever is put into one is text, never markup. */
export const html = htm.bind(h);
