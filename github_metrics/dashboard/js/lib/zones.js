/** Calendar arithmetic in any time zone, on what Intl knows of it. */

/** Names only: what a browser calls "+05:45", or does not know, the service does not know either. */
const NAMED = /^(?!Etc\/Unknown$)[A-Za-z]/;

const local = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
export const LOCAL = NAMED.test(local) ? local : "UTC";

const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) {
    formats.set(
      zone,
      new Intl.DateTimeFormat("en-US", {
        timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
      }),
    );
  }
  return formats.get(zone);
}

/** The zone of this name, as the service writes it; null where there is none. */
export function zoneOf(name) {
  if (!NAMED.test(name ?? "")) return null;
  try {
    const known = format(name).resolvedOptions().timeZone;
    return known.toLowerCase() === name.toLowerCase() ? known : name;
  } catch {
    return null;
  }
}

/** What the clocks of the zone show: {year, month, day, hour, minute, second}. */
export function wall(date, zone) {
  const parts = format(zone).formatToParts(date);
  return Object.fromEntries(parts.filter((part) => part.type !== "literal").map((part) => [part.type, Number(part.value)]));
}

const asUtc = ({ year, month, day = 1, hour = 0, minute = 0, second = 0 }) => Date.UTC(year, month - 1, day, hour, minute, second);

/** The moment at which the clocks of the zone show this; fields beyond their range are carried over. */
export function moment(shown, zone) {
  const wanted = asUtc(shown);
  let guess = wanted;
  for (let round = 0; round < 3; round += 1) guess += wanted - asUtc(wall(new Date(guess), zone));
  return new Date(guess);
}

/** When the day, week (from Monday) or month that `date` lies in begins, moved by `by` of them. */
export function beginning(unit, date, zone, by = 0) {
  const { year, month, day } = wall(date, zone);
  if (unit === "month") return moment({ year, month: month + by }, zone);
  if (unit === "day") return moment({ year, month, day: day + by }, zone);
  const weekday = (new Date(asUtc({ year, month, day })).getUTCDay() + 6) % 7;
  return moment({ year, month, day: day - weekday + 7 * by }, zone);
}
