import { html } from "../lib/html.js";

const STATUS = { success: "good", partial: "warn", error: "bad" };

export const Badge = ({ kind = "neutral", title, children }) => html`<span class="badge" data-kind=${kind} title=${title}>${children}</span>`;

/** The status of an event, in words and colour. */
export const StatusBadge = ({ status }) => html`<${Badge} kind=${STATUS[status] ?? "neutral"}>${status}<//>`;
