/**
 * Asks the layout's worker, newest question first.
 *
 * In: layout inputs. Out: promises; a question that was overtaken by a newer one is answered with `undefined`, so that a
 * slow layout can never replace a newer picture. Without workers (tests) the layout runs at once.
 */
import { layout } from "./layout";
import type { LayoutInput, LayoutResult } from "./types";

export interface LayoutClient {
  run(input: LayoutInput): Promise<LayoutResult | undefined>;
  destroy(): void;
}

export function createLayoutClient(): LayoutClient {
  if (typeof Worker === "undefined") return { run: (input) => Promise.resolve(layout(input)), destroy: () => undefined };
  let worker: Worker | undefined;
  let newest = 0;
  const waiting = new Map<number, (result: LayoutResult | undefined) => void>();
  const start = (): Worker => {
    const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    made.addEventListener("message", (event: MessageEvent<{ number: number; result: LayoutResult }>) => {
      const { number, result } = event.data;
      for (const [asked, answer] of waiting) {
        if (asked > number) continue;
        answer(asked === number && number === newest ? result : undefined);
        waiting.delete(asked);
      }
    });
    return made;
  };
  return {
    run(input) {
      worker ??= start();
      const number = ++newest;
      return new Promise((resolve) => {
        waiting.set(number, resolve);
        worker!.postMessage({ number, input });
      });
    },
    destroy() {
      worker?.terminate();
      for (const answer of waiting.values()) answer(undefined);
      waiting.clear();
    },
  };
}
