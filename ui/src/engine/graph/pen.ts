/**
 * What the scene is drawn with: one interface, a canvas behind it on the screen, text behind it for the SVG export.
 *
 * In: outlines and texts in world pixels. Out: strokes, or SVG elements. Both pens draw the same scene with the same code.
 */

/** The part of a canvas path that outlines use. */
export interface Outline {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void;
  closePath(): void;
}

export interface Style {
  fill?: string;
  stroke?: string;
  width?: number;
  dash?: readonly number[];
}

export interface TextStyle {
  sizePx: number;
  weight?: number;
  color: string;
  align?: 'left' | 'center' | 'right';
}

export interface Pen {
  shape(outline: (path: Outline) => void, style: Style): void;
  /** `y` is the middle of the line. */
  text(text: string, x: number, y: number, style: TextStyle): void;
  /** Opacity of all that follows. */
  alpha(value: number): void;
}

export class CanvasPen implements Pen {
  private font = '';

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly family: string,
  ) {
    context.textBaseline = 'middle';
    context.lineCap = 'round';
    context.lineJoin = 'round';
  }

  shape(outline: (path: Outline) => void, style: Style): void {
    const c = this.context;
    c.beginPath();
    outline(c);
    if (style.fill) {
      c.fillStyle = style.fill;
      c.fill();
    }
    if (style.stroke) {
      c.strokeStyle = style.stroke;
      c.lineWidth = style.width ?? 1;
      if (style.dash) c.setLineDash(style.dash as number[]);
      c.stroke();
      if (style.dash) c.setLineDash([]);
    }
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const c = this.context;
    const font = `${style.weight ?? 400} ${style.sizePx}px ${this.family}`;
    if (font !== this.font) c.font = this.font = font;
    c.fillStyle = style.color;
    c.textAlign = style.align ?? 'left';
    c.fillText(text, x, y);
  }

  alpha(value: number): void {
    this.context.globalAlpha = value;
  }
}

export class SvgPen implements Pen {
  private readonly parts: string[] = [];
  private opacity = 1;

  constructor(private readonly family: string) {}

  shape(outline: (path: Outline) => void, style: Style): void {
    let d = '';
    outline({
      moveTo: (x, y) => (d += `M${n(x)} ${n(y)}`),
      lineTo: (x, y) => (d += `L${n(x)} ${n(y)}`),
      bezierCurveTo: (a, b, c, e, x, y) => (d += `C${n(a)} ${n(b)} ${n(c)} ${n(e)} ${n(x)} ${n(y)}`),
      closePath: () => (d += 'Z'),
    });
    const stroke = style.stroke ? ` stroke="${escape(style.stroke)}" stroke-width="${n(style.width ?? 1)}" stroke-linecap="round" stroke-linejoin="round"` : '';
    const dash = style.dash ? ` stroke-dasharray="${style.dash.join(' ')}"` : '';
    this.parts.push(`<path d="${d}" fill="${escape(style.fill ?? 'none')}"${stroke}${dash}${this.faded()}/>`);
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const anchor = style.align === 'center' ? 'middle' : style.align === 'right' ? 'end' : 'start';
    this.parts.push(
      `<text x="${n(x)}" y="${n(y)}" font-size="${style.sizePx}" font-weight="${style.weight ?? 400}" fill="${escape(style.color)}" text-anchor="${anchor}" dominant-baseline="central"${this.faded()}>${escape(text)}</text>`,
    );
  }

  alpha(value: number): void {
    this.opacity = value;
  }

  /** The whole document; `view` is the world rectangle shown. */
  document(view: { x: number; y: number; width: number; height: number }, background: string, title: string): string {
    const box = `${n(view.x)} ${n(view.y)} ${n(view.width)} ${n(view.height)}`;
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" width="${n(view.width)}" height="${n(view.height)}" font-family="${escape(this.family)}">` +
      `<title>${escape(title)}</title><rect x="${n(view.x)}" y="${n(view.y)}" width="100%" height="100%" fill="${escape(background)}"/>${this.parts.join('')}</svg>`
    );
  }

  private faded(): string {
    return this.opacity < 1 ? ` opacity="${this.opacity}"` : '';
  }
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as XML; characters that XML forbids become a replacement mark. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters that XML 1.0 has no way to write
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]!).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
}
