/** The colours of css/tokens.css as a chart needs them: worked out for the theme that is shown. */

const NAMES = ["surface", "raised", "line", "line-strong", "text", "text-soft", "text-faint", "accent", "good", "bad", "warn", "series-other"];
export const SERIES = 8;

/** All are set, and then all are read: after each change the browser would work the styles out anew. */
export function palette() {
  const probe = document.createElement("span");
  probe.hidden = true;
  const shown = (name) => {
    const part = document.createElement("i");
    part.style.color = `var(--${name})`;
    probe.append(part);
    return [name, getComputedStyle(part)];
  };
  const named = NAMES.map(shown);
  const series = Array.from({ length: SERIES }, (_, index) => shown(`series-${index + 1}`));
  document.body.append(probe);
  const colours = Object.fromEntries(named.map(([name, style]) => [name, style.color]));
  colours.series = series.map(([, style]) => style.color);
  colours.font = getComputedStyle(document.documentElement).fontFamily;
  probe.remove();
  return colours;
}

/** With less of itself: for areas and bands. Colours come as rgb(r, g, b). */
export const faded = (colour, share) => colour.replace(/^rgb\(/, "rgba(").replace(/\)$/, `, ${share})`);
