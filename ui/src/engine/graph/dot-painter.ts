/**
 * Draws the dots of one moment on a canvas of its own, in a worker or on the page.
 *
 * In: a plan, a camera, colours. Out: pixels. Each class is a small picture made once and copied, which is what software
 * rasterisers do fastest.
 */
import type { Camera } from './camera';
import { dotsAt, MAX_DOTS, type DotEdges } from './dots';

export interface DotColors {
  ok: string;
  error: string;
  async: string;
  ring: string;
}

export interface DotView {
  camera: Camera;
  /** Size of the canvas in CSS pixels and its pixels per CSS pixel. */
  width: number;
  height: number;
  ratio: number;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export class DotPainter {
  private sprites: OffscreenCanvas[] = [];
  private spriteKey = '';
  private readonly at = new Float32Array(MAX_DOTS * 2);
  private readonly classes = new Uint8Array(MAX_DOTS);
  private dirty = true;
  plan: DotEdges | undefined;
  view: DotView | undefined;
  colors: DotColors | undefined;
  /** Dots drawn last. */
  drawn = 0;

  constructor(readonly context: Context) {}

  paint(seconds: number): void {
    const { context, plan, view, colors } = this;
    if (!view) return;
    const { width, height, ratio, camera } = view;
    if (context.canvas.width !== Math.round(width * ratio) || context.canvas.height !== Math.round(height * ratio)) {
      context.canvas.width = Math.round(width * ratio);
      context.canvas.height = Math.round(height * ratio);
    } else if (this.dirty) context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    this.drawn = 0;
    this.dirty = false;
    if (!plan || !colors || plan.count === 0) return;
    this.makeSprites(colors, ratio, camera.zoom);
    const n = dotsAt(plan, seconds, this.at, this.classes);
    const scale = camera.zoom * ratio;
    const right = context.canvas.width;
    const bottom = context.canvas.height;
    for (let i = 0; i < n; i++) {
      const sprite = this.sprites[this.classes[i]!]!;
      const x = (this.at[i * 2]! - camera.x) * scale - sprite.width / 2;
      const y = (this.at[i * 2 + 1]! - camera.y) * scale - sprite.height / 2;
      if (x < -20 || y < -20 || x > right || y > bottom) continue;
      context.drawImage(sprite, Math.round(x), Math.round(y));
      this.drawn++;
    }
    this.dirty = this.drawn > 0;
  }

  private makeSprites(colors: DotColors, ratio: number, zoom: number): void {
    const size = Math.round(ratio * Math.max(3, Math.min(8, 7 * zoom)) * 2) / 2;
    const key = `${size} ${Object.values(colors).join()}`;
    if (key === this.spriteKey) return;
    this.spriteKey = key;
    this.sprites = [colors.ok, colors.error, colors.async].map((color, kind) => {
      const reach = kind === 1 ? size * 0.95 : kind === 2 ? size * 0.42 : size / 2;
      const canvas = new OffscreenCanvas(Math.ceil(reach * 2 + 2), Math.ceil(reach * 2 + 2));
      const c = canvas.getContext('2d')!;
      const mid = canvas.width / 2;
      c.fillStyle = color;
      c.strokeStyle = colors.ring;
      c.lineWidth = ratio;
      c.beginPath();
      if (kind === 0) c.arc(mid, mid, reach, 0, Math.PI * 2);
      else if (kind === 1) {
        c.moveTo(mid, mid - reach);
        c.lineTo(mid + reach, mid);
        c.lineTo(mid, mid + reach);
        c.lineTo(mid - reach, mid);
        c.closePath();
      } else c.rect(mid - reach, mid - reach, reach * 2, reach * 2);
      c.fill();
      if (zoom > 0.4) c.stroke();
      return canvas;
    });
  }
}
