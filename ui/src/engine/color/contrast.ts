/** WCAG 2 contrast of opaque colours written `#rgb`, `#rrggbb` or `rgb(r g b)`; and the ink that reads best on one. */

export function parseColor(text: string): [number, number, number] {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim());
  if (hex) {
    const digits = hex[1]!.length === 3 ? [...hex[1]!].map((d) => d + d).join('') : hex[1]!;
    return [0, 2, 4].map((i) => parseInt(digits.slice(i, i + 2), 16)) as [number, number, number];
  }
  const parts = text.match(/[\d.]+/g)?.map(Number) ?? [];
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}

/** Relative luminance, 0 to 1. */
export function luminance(color: string): number {
  const [r, g, b] = parseColor(color).map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** 1 to 21. */
export function contrast(a: string, b: string): number {
  const x = luminance(a);
  const y = luminance(b);
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** Black or white, whichever reads better on `background`: one of the two always reaches 4.5:1. */
export function inkOn(background: string): string {
  return contrast(background, '#ffffff') >= contrast(background, '#000000') ? '#ffffff' : '#000000';
}

/** `share` of `b` in `a` (0 = a, 1 = b), mixed in sRGB. */
export function mix(a: string, b: string, share: number): string {
  const x = parseColor(a);
  const y = parseColor(b);
  return `rgb(${x.map((v, i) => Math.round(v + (y[i]! - v) * share)).join(' ')})`;
}
