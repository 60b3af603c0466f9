/** The layout's worker: takes numbered inputs, answers numbered results. Holds no state. */
import { layout } from "./layout";
import type { LayoutInput } from "./types";

export interface LayoutRequest {
  number: number;
  input: LayoutInput;
}

self.addEventListener("message", (event: MessageEvent<LayoutRequest>) => {
  const { number, input } = event.data;
  self.postMessage({ number, result: layout(input) });
});
