/**
 * The contract every engine keeps, and the small emitter they share.
 *
 * In: an element of the page and props (plain data). Out: an object that takes new props, tells what happened,
 * shows what it drew (for tests) and takes itself away. Engines never fetch, never translate (texts come in as props),
 * never touch the URL and never import the page framework: that is what keeps them testable and cheap to move.
 */

/** A mounted engine. `Inspection` is a plain value: rectangles and state, safe to print in a test. */
export interface Engine<Props, Events, Inspection> {
  /** Replaces the props. The engine decides what must be drawn again. */
  update(props: Props): void;
  /** Listens to one event; the answer takes the listener away again. */
  on<K extends keyof Events>(name: K, listener: (payload: Events[K]) => void): () => void;
  /** What is on the screen now. */
  inspect(): Inspection;
  /** Removes every element, listener, worker and frame request that the engine made. */
  destroy(): void;
}

/** Typed listeners of one engine. */
export class Emitter<Events> {
  private readonly listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  on<K extends keyof Events>(name: K, listener: (payload: Events[K]) => void): () => void {
    let set = this.listeners.get(name);
    if (!set) this.listeners.set(name, (set = new Set()));
    set.add(listener as (payload: never) => void);
    return () => set.delete(listener as (payload: never) => void);
  }

  emit<K extends keyof Events>(name: K, payload: Events[K]): void {
    for (const listener of this.listeners.get(name) ?? []) (listener as (payload: Events[K]) => void)(payload);
  }

  clear(): void {
    this.listeners.clear();
  }
}

/** A rectangle in CSS pixels relative to the engine's element. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Adds DOM listeners that can all be removed at once. */
export class Listeners {
  private readonly undo: (() => void)[] = [];

  add<K extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    name: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    options?: AddEventListenerOptions,
  ): void {
    target.addEventListener(name, listener, options);
    this.undo.push(() => target.removeEventListener(name, listener, options));
  }

  addTo(target: EventTarget, name: string, listener: (event: Event) => void): void {
    target.addEventListener(name, listener);
    this.undo.push(() => target.removeEventListener(name, listener));
  }

  /** Calls `done` when everything else is removed, e.g. an observer's disconnect. */
  defer(done: () => void): void {
    this.undo.push(done);
  }

  removeAll(): void {
    for (const done of this.undo.splice(0)) done();
  }
}
