/**
 * The graph's elements: one canvas for the standing picture, one for the dots, and when each is drawn again.
 *
 * In: an element, camera changes. Out: at most one drawing a frame. While a big map is moved, the last drawing is shifted
 * and scaled by the compositor, and drawn anew when the hand rests: moving stays smooth whatever the size.
 */
import type { Rect } from '../contract';
import type { Camera } from './camera';

/** A drawing that takes longer than this is not repeated for each movement. */
const QUICK_MS = 9;
const REST_MS = 110;

export class Stage {
  readonly canvas = document.createElement('canvas');
  readonly context: CanvasRenderingContext2D;
  width = 1;
  height = 1;
  ratio = 1;
  private drawnAt: Camera = { x: 0, y: 0, zoom: 1 };
  private request = 0;
  private timer = 0;
  private tookMs = 0;
  private readonly observer: ResizeObserver;

  constructor(
    readonly element: HTMLElement,
    private readonly camera: () => Camera,
    private readonly draw: () => void,
    private readonly resized: () => void,
  ) {
    this.context = this.canvas.getContext('2d')!;
    this.canvas.style.cssText = 'position:absolute;left:0;top:0;transform-origin:0 0';
    element.append(this.canvas);
    this.observer = new ResizeObserver(() => this.measure());
  }

  /** Begins to follow the element's size; call it when everything that draws stands. */
  start(): void {
    this.observer.observe(this.element);
    this.measure();
  }

  /** Draws before the next frame. */
  invalidate(): void {
    if (this.request) return;
    this.request = requestAnimationFrame(() => {
      this.request = 0;
      this.drawNow();
    });
  }

  /** The camera moved: shift at once, draw when it pays. */
  moved(): void {
    if (this.tookMs <= QUICK_MS) return this.invalidate();
    const now = this.camera();
    const scale = now.zoom / this.drawnAt.zoom;
    const x = (this.drawnAt.x - now.x) * now.zoom;
    const y = (this.drawnAt.y - now.y) * now.zoom;
    this.canvas.style.transform = `translate(${x}px,${y}px) scale(${scale})`;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.invalidate(), REST_MS);
  }

  /** World rectangle that is seen now. */
  seen(): Rect {
    const c = this.camera();
    return { x: c.x, y: c.y, width: this.width / c.zoom, height: this.height / c.zoom };
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    this.observer.disconnect();
    this.canvas.remove();
  }

  private drawNow(): void {
    const started = performance.now();
    this.drawnAt = { ...this.camera() };
    this.canvas.style.transform = '';
    const c = this.context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const scale = this.ratio * this.drawnAt.zoom;
    c.setTransform(scale, 0, 0, scale, -this.drawnAt.x * scale, -this.drawnAt.y * scale);
    this.draw();
    this.tookMs = performance.now() - started;
  }

  private measure(): void {
    const width = Math.max(1, this.element.clientWidth);
    const height = Math.max(1, this.element.clientHeight);
    const ratio = window.devicePixelRatio || 1;
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.resized();
    // A canvas that was resized is empty: draw in this frame, so that nothing flickers.
    this.drawNow();
  }
}
