/**
 * Counts the built JavaScript as it goes over the wire (brotli) and fails when a budget is passed.
 *
 * In: dist/.vite/manifest.json. Out: a line a budget. First load: the entry, the Overview and the larger language, with all
 * that they import statically. Map: what the map's page adds to that, workers included. All: every chunk.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';

const BUDGETS = { first: 120_000, map: 60_000, all: 450_000 };
const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const sizes = new Map(readdirSync('dist/assets').filter((name) => name.endsWith('.js')).map((name) => [`assets/${name}`, brotliCompressSync(readFileSync(`dist/assets/${name}`)).length]));

function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const other of chunk.imports ?? []) filesOf(other, seen);
  return seen;
}

const sum = (files) => [...files].reduce((total, file) => total + (sizes.get(file) ?? 0), 0);
const first = new Set(['index.html', 'src/pages/overview/OverviewPage.vue', 'src/i18n/ko.ts'].flatMap((key) => [...filesOf(key)]));
const map = new Set([...filesOf('src/pages/map/MapPage.vue')].filter((file) => !first.has(file)));
for (const file of sizes.keys()) if (/worker/.test(file)) map.add(file);
const found = { first: sum(first), map: sum(map), all: sum(sizes.keys()) };

let failed = false;
for (const [name, budget] of Object.entries(BUDGETS)) {
  const over = found[name] > budget;
  failed ||= over;
  console.log(`${name.padEnd(6)} ${String(found[name]).padStart(7)} of ${budget} bytes${over ? ' TOO MUCH' : ''}`);
}
process.exit(failed ? 1 : 0);
