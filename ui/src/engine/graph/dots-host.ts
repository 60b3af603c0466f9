/**
 * The page's side of the traffic: a canvas over the map, drawn by the worker; by the page itself where canvases cannot
 * leave it.
 *
 * In: plan, view, colours, on or off. Out: frames. One frame request at most, none while nothing may move.
 */
import { DotPainter, type DotColors, type DotView } from './dot-painter';
import type { DotEdges } from './dots';
import type { DotMessage } from './dots-worker';

export class DotsHost {
  readonly canvas = document.createElement('canvas');
  private worker: Worker | undefined;
  private painter: DotPainter | undefined;
  private request = 0;
  running = false;
  frames = 0;
  dots = 0;

  constructor() {
    if ('transferControlToOffscreen' in this.canvas && typeof Worker !== 'undefined') {
      this.worker = new Worker(new URL('./dots-worker.ts', import.meta.url), { type: 'module' });
      this.worker.addEventListener('message', (event: MessageEvent<{ frames: number; dots: number }>) => {
        this.frames = event.data.frames;
        this.dots = event.data.dots;
      });
      const canvas = this.canvas.transferControlToOffscreen();
      this.send({ type: 'canvas', canvas }, [canvas]);
    } else {
      const context = this.canvas.getContext('2d');
      if (context) this.painter = new DotPainter(context);
    }
  }

  plan(plan: DotEdges): void {
    if (this.painter) this.painter.plan = plan;
    else this.send({ type: 'plan', plan });
  }

  view(view: DotView): void {
    this.canvas.style.width = `${view.width}px`;
    this.canvas.style.height = `${view.height}px`;
    if (this.painter) this.painter.view = view;
    else this.send({ type: 'view', view });
  }

  colors(colors: DotColors): void {
    if (this.painter) this.painter.colors = colors;
    else this.send({ type: 'colors', colors });
  }

  run(on: boolean): void {
    if (on === this.running) return;
    this.running = on;
    if (!on) this.dots = 0;
    if (!this.painter) return this.send({ type: 'run', on });
    cancelAnimationFrame(this.request);
    if (on) this.request = requestAnimationFrame((now) => this.frame(now));
    else this.painter.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    this.worker?.terminate();
    this.canvas.remove();
  }

  private frame(now: number): void {
    if (!this.running || !this.painter) return;
    this.painter.paint(now / 1000);
    this.frames++;
    this.dots = this.painter.drawn;
    this.request = requestAnimationFrame((next) => this.frame(next));
  }

  private send(message: DotMessage, transfer: Transferable[] = []): void {
    this.worker?.postMessage(message, transfer);
  }
}
