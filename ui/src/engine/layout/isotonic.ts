/**
 * Places a chain of things in their order, as near as possible to where each wants to be.
 *
 * In: wishes, weights and the least distance between neighbours. Out: positions with the least weighted sum of squared
 * distances to the wishes (pool-adjacent-violators: exact, linear).
 */

/** `gaps[i]` is the least distance between entry i and i + 1. Writes the answer into `wishes`. */
export function placeChain(wishes: Float64Array, weights: Float64Array, gaps: Float64Array): void {
  const n = wishes.length;
  const offset = new Float64Array(n);
  for (let i = 1; i < n; i++) offset[i] = offset[i - 1]! + gaps[i - 1]!;
  const mean = new Float64Array(n);
  const mass = new Float64Array(n);
  const size = new Int32Array(n);
  let blocks = 0;
  for (let i = 0; i < n; i++) {
    mean[blocks] = wishes[i]! - offset[i]!;
    mass[blocks] = weights[i]!;
    size[blocks] = 1;
    blocks++;
    while (blocks > 1 && mean[blocks - 2]! > mean[blocks - 1]!) {
      const m = mass[blocks - 2]! + mass[blocks - 1]!;
      mean[blocks - 2] = (mean[blocks - 2]! * mass[blocks - 2]! + mean[blocks - 1]! * mass[blocks - 1]!) / m;
      mass[blocks - 2] = m;
      size[blocks - 2]! += size[blocks - 1]!;
      blocks--;
    }
  }
  let i = 0;
  for (let b = 0; b < blocks; b++) for (let k = 0; k < size[b]!; k++, i++) wishes[i] = mean[b]! + offset[i]!;
}
