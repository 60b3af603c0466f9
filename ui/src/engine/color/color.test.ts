/** Contrast of both palettes on their themes' surfaces, and colours that depend on nothing but the object. */
import { expect, it } from 'vitest';
import { assignColors, assignColorsAt } from './assign';
import { contrast, inkOn } from './contrast';
import { DARK_COLORS, LIGHT_COLORS } from './palette';

it('reaches 3:1 on the surfaces of each theme', () => {
  for (const color of LIGHT_COLORS) for (const surface of ['#ffffff', '#f4f6f8', '#edf1f6']) expect(contrast(color, surface), `${color} on ${surface}`).toBeGreaterThanOrEqual(3);
  for (const color of DARK_COLORS) for (const surface of ['#0e1218', '#151b23', '#1c242e']) expect(contrast(color, surface), `${color} on ${surface}`).toBeGreaterThanOrEqual(3);
});

it('has an ink of 4.5:1 for text on every colour', () => {
  for (const color of [...LIGHT_COLORS, ...DARK_COLORS]) expect(contrast(color, inkOn(color))).toBeGreaterThanOrEqual(4.5);
});

it('gives colours by appearance, ties by name', () => {
  expect([...assignColors(['web', 'cart', 'web', 'db'])]).toEqual([['web', 0], ['cart', 1], ['db', 2]]);
  expect([...assignColorsAt([{ name: 'b', at: 5 }, { name: 'a', at: 5 }, { name: 'c', at: 1 }])]).toEqual([['c', 0], ['a', 1], ['b', 2]]);
});
