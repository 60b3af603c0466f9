/**
 * Completes the word before the caret.
 *
 * In: the text and the caret. Out: what may stand there, and the range it replaces. Operands where a term begins;
 * nothing where a value is due, because values are the page's to know.
 */
import { OPERANDS } from './operands';

export interface Completion {
  options: string[];
  from: number;
  to: number;
}

export function completeFind(text: string, caret: number): Completion {
  const before = text.slice(0, caret);
  const word = /[^\s()!]*$/.exec(before)![0];
  const from = caret - word.length;
  const ahead = before.slice(0, from).trimEnd();
  const starts = ahead === '' || /(?:^|[\s(])(?:and|or|not)$/i.test(ahead) || /[(!]$/.test(ahead);
  if (!starts) {
    const options = /[=<>~]$/.test(ahead) ? [] : ['AND', 'OR'].filter((w) => w.startsWith(word.toUpperCase()));
    return { options, from, to: caret };
  }
  const lower = word.toLowerCase();
  const names = OPERANDS.flatMap((o) => (o.short ? [o.name, o.short] : [o.name]));
  return { options: names.filter((n) => n.startsWith(lower) && n !== lower).sort(), from, to: caret };
}
