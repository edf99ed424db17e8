import { learn } from "./clock.js";
import { Store } from "./store.js";

/** Whether it is a cookie that opens the service to this browser: then there is something to sign out of. */
export const session = new Store({ signedIn: false });

/** What the service answered instead of what was asked for. `status` is 0 where it did not answer. */
export class ApiError extends Error {
  constructor(status, reason, detail) {
    super(typeof detail === "string" ? detail : reason);
    this.status = status;
    this.reason = reason;
  }
}

/** The address of an endpoint, relative to the page: the service may stand below a path of a proxy. */
export function address(path, parameters = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined && one !== "") search.append(name, one);
  }
  const query = search.toString();
  return `${path}${query ? `?${query}` : ""}`;
}

export const metrics = (path, parameters) => address(`api/metrics/${path}`, parameters);

/** Where a key is needed, the reader is asked for one, and comes back to where they were. */
export function signIn() {
  location.assign(address("login", { next: `${location.pathname.split("/").at(-1)}${location.search}` }));
}

/** Give the cookie back; then the page is of no use but to sign in again. */
export async function signOut() {
  await fetch("logout", { method: "POST", credentials: "same-origin" });
  signIn();
}

export async function request(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The service does not answer.");
  }
  learn(answer.headers.get("Date"));
  if (answer.headers.has("X-Signed-In") !== session.get().signedIn) session.merge({ signedIn: !session.get().signedIn });
  if (answer.ok) return answer;
  if (answer.status === 401) {
    signIn();
    return new Promise(() => {}); // The page is about to be left.
  }
  const told = await answer.json().catch(() => ({}));
  throw new ApiError(answer.status, told.reason ?? String(answer.status), faults(told.detail) ?? `The service answered ${answer.status}.`);
}

/** FastAPI lists what is wrong with each parameter. */
function faults(detail) {
  if (!Array.isArray(detail)) return detail;
  return detail.map((fault) => `${fault.loc?.at(-1) ?? "request"}: ${fault.msg}`).join("; ");
}

/** Up to which position of the log an answer speaks. */
export const positionOf = (answer) => Number(answer.headers.get("X-Log-Position") ?? NaN);

/** `told` is given that position. */
export async function read(url, told) {
  const answer = await request(url);
  told?.(positionOf(answer));
  return answer.json();
}

/** A request that changes something; the header says that it came from a page of ours. */
export async function send(url, body) {
  const answer = await request(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
  return answer.json();
}
