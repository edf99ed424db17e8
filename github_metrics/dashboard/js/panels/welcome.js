import { html } from "../lib/html.js";
import { Icon } from "../components/icon.js";
import { tell } from "../components/toasts.js";

/** Where GitHub delivers to: beside this page. */
const receiver = () => new URL("metrics", document.baseURI).href.replace(/[?#].*$/, "");

async function copy() {
  try {
    await navigator.clipboard.writeText(receiver());
    tell("The address is copied.", "good");
  } catch {
    tell("This browser does not let pages copy.", "bad");
  }
}

/** Before the first delivery. */
export const Welcome = () => html`<section class="panel welcome" aria-labelledby="welcome-title">
  <div class="welcome-text">
    <h2 id="welcome-title">No deliveries yet</h2>
    <p class="soft">As soon as GitHub sends the first one, it is shown here, without a reload.</p>
    <ol class="steps">
      <li>In the repository or organisation open <strong>Settings → Webhooks → Add webhook</strong>.</li>
      <li>Payload URL: <span class="copied"><code class="outside">${receiver()}</code><button type="button" class="button button-icon button-quiet" aria-label="Copy the address" onClick=${copy}><${Icon} name="copy" /></button></span>
        <br /><span class="faint small">GitHub must be able to reach it: an address that is public, with HTTPS.</span></li>
      <li>Content type <code>application/json</code>, the secret of <code>METRICS_WEBHOOK_SECRET</code>, and <strong>Send me everything</strong>.</li>
    </ol>
  </div>
  <div class="welcome-demo">
    <h3>Or look at a simulated organisation first</h3>
    <pre tabindex="0">uv run entrypoint.py demo</pre>
    <p class="faint small">It plays months of deliveries into a data directory of its own.</p>
  </div>
</section>`;
