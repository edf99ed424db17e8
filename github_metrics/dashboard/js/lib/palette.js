/** The colours of css/tokens.css as a chart needs them: worked out for the theme that is shown. */

const NAMES = ["surface", "raised", "line", "line-strong", "text", "text-soft", "text-faint", "accent", "good", "bad", "warn", "series-other"];
export const SERIES = 8;

export function palette() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const shown = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(NAMES.map((name) => [name, shown(name)]));
  colours.series = Array.from({ length: SERIES }, (_, index) => shown(`series-${index + 1}`));
  colours.font = getComputedStyle(document.documentElement).fontFamily;
  probe.remove();
  return colours;
}

/** With less of itself: for areas and bands. Colours come as rgb(r, g, b). */
export const faded = (colour, share) => colour.replace(/^rgb\(/, "rgba(").replace(/\)$/, `, ${share})`);
