/**
 * Structure rules that linters do not know: every file begins by saying what it is, and none is longer than it should be.
 *
 * In: src/, e2e/, scripts/. Out: a line a finding; exit code 1 when there is one. Generated files and fixtures are left alone.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LINES_MAX = 320;
const SKIP = /types\.gen\.ts$|fixtures|\.test\.ts$|vue-attributes/;
const findings = [];

function visit(path) {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) visit(join(path, name));
    return;
  }
  if (!/\.(ts|vue|mjs)$/.test(path) || SKIP.test(path)) return;
  const text = readFileSync(path, 'utf8');
  if (!/^(<script setup lang="ts"[^>]*>\n)?\/\*\*/.test(text)) findings.push(`${path}: does not begin with what it is`);
  const lines = text.split('\n').length;
  if (lines > LINES_MAX) findings.push(`${path}: ${lines} lines, at most ${LINES_MAX}`);
}

for (const folder of ['src', 'e2e', 'scripts']) visit(folder);
for (const finding of findings) console.error(finding);
console.log(`tidy: ${findings.length} findings`);
process.exit(findings.length === 0 ? 0 : 1);
