/**
 * Adds one naming rule to the text of the rules file.
 *
 * In: the YAML text in force, a pattern, a name, a kind. Out: the text with the rule first under `externals`, so that it wins;
 * everything else, comments included, stays as it was. Values are written as JSON texts, which YAML reads alike.
 */
export interface NewRule {
  host: string;
  name: string;
  kind: string;
}

export function withRule(yaml: string, rule: NewRule): string {
  const line = `  - { name: ${JSON.stringify(rule.name)}, kind: ${rule.kind}, match: [${JSON.stringify(rule.host)}] }`;
  const lines = yaml.split('\n');
  const at = lines.findIndex((text) => /^externals:/.test(text));
  if (at < 0) return `${yaml.trimEnd()}${yaml.trim() === '' ? '' : '\n'}externals:\n${line}\n`;
  const rest = (lines[at] ?? '').replace(/^externals:\s*/, '').replace(/#.*$/, '').trim();
  if (rest === '' || rest === '[]') return [...lines.slice(0, at), 'externals:', line, ...lines.slice(at + 1)].join('\n');
  // A list in brackets: the rule is put in as its first item.
  return [...lines.slice(0, at), (lines[at] ?? '').replace('[', `[ ${line.trim().slice(2)}, `), ...lines.slice(at + 1)].join('\n');
}

/** The host without its port: rules name hosts, whatever the port. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}
