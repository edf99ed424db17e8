import { useEffect, useErrorBoundary } from "preact/hooks";
import { html } from "../lib/html.js";
import { doubt } from "../lib/query.js";
import { Failure } from "./states.js";

/**
 * Keeps what goes wrong while something is drawn to that something: the rest of the page lives on. It is tried again when
 * `of`, what is drawn, has changed.
 */
export function Guard({ of, height, children }) {
  const [error, reset] = useErrorBoundary((thrown) => {
    console.error(thrown);
    doubt();
  });
  useEffect(() => {
    if (error) reset();
  }, [of]);
  if (!error) return children;
  return html`<${Failure} title="This could not be shown" error=${{ message: "A fault of the dashboard, not of your data: please report it." }} retry=${reset} height=${height} />`;
}
