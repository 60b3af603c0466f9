/** The dots' worker: owns the dots' canvas and its frame clock, so that traffic costs the page nothing. */
import { DotPainter, type DotColors, type DotView } from './dot-painter';
import type { DotEdges } from './dots';

export type DotMessage =
  | { type: 'canvas'; canvas: OffscreenCanvas }
  | { type: 'plan'; plan: DotEdges }
  | { type: 'view'; view: DotView }
  | { type: 'colors'; colors: DotColors }
  | { type: 'run'; on: boolean };

let painter: DotPainter | undefined;
let running = false;
let request = 0;
let frames = 0;
let told = 0;

function frame(now: number): void {
  if (!running || !painter) return;
  painter.paint(now / 1000);
  frames++;
  // Once a second is enough for `inspect()`.
  if (now - told > 1000) {
    told = now;
    self.postMessage({ frames, dots: painter.drawn });
  }
  request = requestAnimationFrame(frame);
}

self.addEventListener('message', (event: MessageEvent<DotMessage>) => {
  const message = event.data;
  if (message.type === 'canvas') painter = new DotPainter(message.canvas.getContext('2d')!);
  if (!painter) return;
  if (message.type === 'plan') painter.plan = message.plan;
  if (message.type === 'view') painter.view = message.view;
  if (message.type === 'colors') painter.colors = message.colors;
  if (message.type === 'run') {
    cancelAnimationFrame(request);
    running = message.on;
    if (running) request = requestAnimationFrame(frame);
    else {
      const plan = painter.plan;
      painter.plan = undefined;
      painter.paint(0);
      painter.plan = plan;
    }
  }
});
