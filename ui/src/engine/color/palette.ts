/**
 * The twenty service colours, in pairs for the light and the dark theme.
 *
 * Hues were chosen in OKLCH, neighbours of the list far apart and of two lightnesses, so that a trace with few services
 * gets colours that also differ without hue. Each reaches 3:1 on its theme's surfaces (WCAG 1.4.11); a test says so.
 */
export const LIGHT_COLORS: readonly string[] = [
  '#316cb5', '#3b9555', '#8353a3', '#ab7306', '#017b80', '#b55d92', '#6a7300', '#7275cc', '#a74f21', '#149483',
  '#904e95', '#977e0d', '#03769d', '#bb5c84', '#487c25', '#866ec5', '#9d580c', '#068fa7', '#4f65b6', '#06976d',
];

export const DARK_COLORS: readonly string[] = [
  '#6fa7ee', '#83d494', '#bc8fdd', '#ebb25f', '#14bbc2', '#f59ecf', '#a2ad4f', '#b1b7fd', '#e28b63', '#52d7c1',
  '#ca8ace', '#d6bd5c', '#43b2e1', '#fb9dc2', '#83b567', '#c3b0fd', '#db9152', '#4cd1ee', '#87a0f0', '#69d6aa',
];

export function paletteOf(dark: boolean): readonly string[] {
  return dark ? DARK_COLORS : LIGHT_COLORS;
}
