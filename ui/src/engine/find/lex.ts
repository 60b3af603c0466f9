/**
 * Cuts a find expression into words, operators and brackets, each with its place.
 *
 * In: text. Out: tokens; a place is a half-open range of UTF-16 units, ready for an input's selection. Spoken operators
 * (`contains`, `not starts with`) and AND, OR, NOT count in any case.
 */

export type TokenKind = 'word' | 'operator' | 'and' | 'or' | 'not' | 'open' | 'close';

export interface Token {
  kind: TokenKind;
  text: string;
  from: number;
  to: number;
}

export const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '*=', '!*=', '^=', '!^=', '$=', '!$=', '~=', '!~='] as const;
export type Operator = (typeof OPERATORS)[number];

const SYMBOL = /^(?:!\*=|!\^=|!\$=|!~=|\*=|\^=|\$=|~=|!=|>=|<=|=|>|<)/;
const SPOKEN = /^(not\s+|!\s*)?(contains|starts\s?with|ends\s?with|matches)(?=[\s"']|$)/i;
const SPOKEN_AS: Record<string, string> = { contains: '*=', startswith: '^=', endswith: '$=', matches: '~=' };

export class FindError extends Error {
  constructor(
    /** What is wrong; pages word it. */
    readonly code: 'unexpected-end' | 'unexpected-token' | 'unclosed-quote' | 'unclosed-bracket' | 'unknown-operand' | 'not-a-number' | 'operator-not-for-flag' | 'value-missing' | 'operator-not-for-text' | 'operator-not-for-number' | 'bad-regex' | 'nodes-and-edges' | 'flag-needs-operator',
    readonly from: number,
    readonly to: number,
    readonly text: string,
  ) {
    super(`${code} at ${from}: ${text}`);
  }
}

export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: TokenKind, length: number, value = text.slice(at, at + length)): void => {
    tokens.push({ kind, text: value, from: at, to: at + length });
    at += length;
  };
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    const afterOperand = tokens.length > 0 && tokens[tokens.length - 1]!.kind === 'word';
    const spoken = afterOperand ? SPOKEN.exec(rest) : null;
    const symbol = SYMBOL.exec(rest);
    const quote = rest[0];
    if (spoken) push('operator', spoken[0].length, (spoken[1] ? '!' : '') + SPOKEN_AS[spoken[2]!.toLowerCase().replace(/\s/g, '')]!);
    else if (symbol) push('operator', symbol[0].length);
    else if (quote === '"' || quote === "'") {
      const end = rest.indexOf(quote, 1);
      if (end < 0) throw new FindError('unclosed-quote', at, text.length, rest);
      push('word', end + 1, rest.slice(1, end));
    } else if (rest[0] === '(') push('open', 1);
    else if (rest[0] === ')') push('close', 1);
    else if (rest[0] === '!') push('not', 1);
    else {
      const word = /^[^\s()!=<>*^$~"']+(?:[*^$~](?!=)[^\s()!=<>*^$~"']*)*|^./.exec(rest)![0];
      const lower = word.toLowerCase();
      push(lower === 'and' ? 'and' : lower === 'or' ? 'or' : lower === 'not' ? 'not' : 'word', word.length);
    }
  }
  return tokens;
}
