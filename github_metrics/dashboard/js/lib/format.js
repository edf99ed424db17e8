import { html } from "./html.js";
import { settings } from "./settings.js";

/** Making a format of Intl takes far longer than writing with it: each is made once, and not before it is needed. */
function once(options) {
  let made;
  return { format: (value) => (made ??= new Intl.NumberFormat("en", options)).format(value) };
}

const whole = once();
const compact = once({ notation: "compact", maximumFractionDigits: 1 });
const digitsAfterThePoint = [];
const EMPTY = "–";

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

export const count = (value) => (known(value) ? whole.format(value) : EMPTY);
export const short = (value) => (known(value) ? (Math.abs(value) < 10_000 ? whole.format(Math.round(value * 10) / 10) : compact.format(value)) : EMPTY);

export function fixed(value, digits = 1) {
  if (!known(value)) return EMPTY;
  digitsAfterThePoint[digits] ??= once({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  return digitsAfterThePoint[digits].format(value);
}

export const percent = (value, digits = 1) => (known(value) ? `${fixed(value, value === 100 || value === 0 ? 0 : digits)}%` : EMPTY);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** Seconds as a person says them: the two largest units. */
export function duration(seconds) {
  if (!known(seconds)) return EMPTY;
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${fixed(seconds)} s`;
  const rounded = seconds >= 86_400 ? 3_600 * Math.round(seconds / 3_600) : seconds >= 3_600 ? 60 * Math.round(seconds / 60) : Math.round(seconds);
  const at = UNITS.findIndex(([, size]) => rounded >= size);
  const [unit, size] = UNITS[at];
  const first = Math.floor(rounded / size);
  const next = UNITS[at + 1];
  const second = next ? Math.floor((rounded - first * size) / next[1]) : 0;
  return second && first < 100 ? `${first} ${unit} ${second} ${next[0]}` : `${whole.format(first)} ${unit}`;
}

/** Seconds in one unit: where there is little room, or the number is not known so exactly. */
export function brief(seconds) {
  if (!known(seconds)) return EMPTY;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= (length === 86_400 ? 2 * length : length)) ?? UNITS.at(-1);
  return `${fixed(seconds / size, size > 60 || seconds < 10 ? 1 : 0)} ${unit}`;
}

export const milliseconds = (value) => (known(value) ? (value < 1000 ? `${whole.format(Math.round(value))} ms` : duration(value / 1000)) : EMPTY);

export function bytes(value) {
  if (!known(value)) return EMPTY;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  return `${fixed(value / 1000 ** at, at === 0 ? 0 : 1)} ${units[at]}`;
}

const DATES = {
  system: { locale: undefined, options: { year: "numeric", month: "short", day: "numeric" } },
  iso: { locale: "sv-SE", options: { year: "numeric", month: "2-digit", day: "2-digit" } },
  dmy: { locale: "en-GB", options: { year: "numeric", month: "2-digit", day: "2-digit" } },
  mdy: { locale: "en-US", options: { year: "numeric", month: "2-digit", day: "2-digit" } },
};
export const DATE_FORMATS = Object.keys(DATES);
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const formats = new Map();

function dateFormat(zone, more, name = settings.get().dates) {
  const { locale, options } = DATES[name] ?? DATES.system;
  const key = JSON.stringify([zone, more, name]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { timeZone: zone, ...(more.dateless ? {} : options), ...more.fields }));
  return formats.get(key);
}

const date = (value) => (value instanceof Date ? value : new Date(value));

export const day = (value, zone, name) => (known(value) ? dateFormat(zone, {}, name).format(date(value)) : EMPTY);
export const dateTime = (value, zone) => (known(value) ? `${day(value, zone)}, ${clock(value, zone)}` : EMPTY);
export const exactly = (value, zone) => (known(value) ? `${day(value, zone)}, ${dateFormat(zone, { dateless: true, fields: { ...CLOCK, second: "2-digit" } }).format(date(value))} ${zone}` : EMPTY);
export const clock = (value, zone) => dateFormat(zone, { dateless: true, fields: CLOCK }).format(date(value));
export const clockSeconds = (value, zone) => dateFormat(zone, { dateless: true, fields: { ...CLOCK, second: "2-digit" } }).format(date(value));

/** A day without its year, where it stands beside others: [from, to] of the whole one; in words where that is chosen. */
const YEARLESS = { iso: [5, 10], dmy: [0, 5], mdy: [0, 5] };
const inWords = (value, zone) => dateFormat(zone, { dateless: true, fields: { month: "short", day: "numeric" } }, "system").format(date(value));
export function dayShort(value, zone) {
  const part = YEARLESS[settings.get().dates];
  return part ? day(value, zone).slice(...part) : inWords(value, zone);
}
export const dateTimeShort = (value, zone) => `${dayShort(value, zone)}, ${clock(value, zone)}`;
export const monthYear = (value, zone) => dateFormat(zone, { dateless: true, fields: { month: "short", year: "numeric" } }, "system").format(date(value));

/** How long before `now` something was, in the largest unit. */
export function ago(value, now) {
  const seconds = Math.max(0, (now - date(value)) / 1000);
  if (seconds < 45) return "just now";
  const [unit, size] = UNITS.find(([, length]) => seconds >= length * (length === 60 ? 0.75 : 1)) ?? UNITS.at(-1);
  return `${Math.max(1, Math.floor(seconds / size))} ${unit} ago`;
}

/** A number that is not known is a dash, and is heard as what it means. */
export const unknown = html`<span class="faint" title="no data"><span aria-hidden="true">${EMPTY}</span><span class="only-heard">no data</span></span>`;

/** A name of parts, such as org/repo: where there is little room it is broken between them and not within one. */
export const breakable = (name) => name.split("/").map((part, index) => (index ? ["/", html`<wbr />`, part] : part));
