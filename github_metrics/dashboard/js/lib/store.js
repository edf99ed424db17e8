import { useEffect, useReducer, useRef } from "preact/hooks";

/** One value that components follow. */
export class Store {
  #value;
  #listeners = new Set();

  constructor(value) {
    this.#value = value;
  }

  get() {
    return this.#value;
  }

  set(value) {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  /** Replace some of its fields. */
  merge(changes) {
    this.set({ ...this.#value, ...changes });
  }

  /** Returns the function that ends it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** What `select` takes from the store; the component is drawn again only when that changes. */
export function useStore(store, select = (value) => value) {
  const [, redraw] = useReducer((count) => count + 1, 0);
  const selected = select(store.get());
  const last = useRef(selected);
  last.current = selected;
  useEffect(() => {
    const look = () => {
      if (!Object.is(select(store.get()), last.current)) redraw();
    };
    look();
    return store.subscribe(look);
  }, [store]);
  return selected;
}
