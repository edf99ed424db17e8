import { useRef } from "preact/hooks";
import { useQuery } from "./query.js";

/** The state of the projections, read again by itself: a replay moves without events. */
export function useProjections() {
  const every = useRef(5_000);
  const query = useQuery("projections", {}, { every: every.current });
  every.current = query.data?.replays.length ? 1_000 : 5_000;
  return query;
}
