/**
 * Parses a find expression.
 *
 * In: text. Out: a tree whose leaves know their operand, and notes on operands without a source; or one error with its
 * place. OR binds before AND (as users of Kiali know it); brackets and regular expressions (`~=`) are ours.
 */
import { FindError, lex, type Operator, type Token } from './lex';
import { operandOf, type NoSource, type Operand } from './operands';

export interface Comparison {
  type: 'compare';
  operand: Operand;
  /** The label's name of `label:name`, else empty. */
  key: string;
  /** Absent for a flag by itself. */
  operator?: Operator;
  value: string;
  number: number;
  pattern?: RegExp;
  from: number;
  to: number;
}

export type FindTree = Comparison | { type: 'not'; of: FindTree } | { type: 'and' | 'or'; of: FindTree[]; from: number; to: number };

export interface FindNote {
  operand: string;
  reason: NoSource;
  from: number;
  to: number;
}

export interface ParsedFind {
  /** Absent when the text is blank. */
  tree?: FindTree;
  notes: FindNote[];
  error?: { code: FindError['code']; from: number; to: number; text: string };
}

export function parseFind(text: string): ParsedFind {
  const notes: FindNote[] = [];
  try {
    const tokens = lex(text);
    if (tokens.length === 0) return { notes };
    const parser = new Parser(tokens, text.length, notes);
    return { tree: parser.whole(), notes };
  } catch (error) {
    if (!(error instanceof FindError)) throw error;
    return { notes, error: { code: error.code, from: error.from, to: error.to, text: error.text } };
  }
}

/** Nesting above which brackets are refused: the parser is recursive. */
const MAX_DEPTH = 100;

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: Token[],
    private readonly end: number,
    private readonly notes: FindNote[],
  ) {}

  whole(): FindTree {
    const tree = this.conjunction();
    const rest = this.tokens[this.at];
    if (rest) throw new FindError('unexpected-token', rest.from, rest.to, rest.text);
    return tree;
  }

  private conjunction(): FindTree {
    return this.chain('and', () => this.chain('or', () => this.term()));
  }

  private chain(kind: 'and' | 'or', part: () => FindTree): FindTree {
    const from = this.tokens[this.at]?.from ?? this.end;
    const of = [part()];
    while (this.tokens[this.at]?.kind === kind) {
      this.at++;
      of.push(part());
    }
    if (of.length === 1) return of[0]!;
    const to = this.tokens[this.at - 1]!.to;
    if (kind === 'and' && !of.map(domains).reduce((a, b) => a & b)) {
      throw new FindError('nodes-and-edges', from, to, '');
    }
    return { type: kind, of, from, to };
  }

  private term(): FindTree {
    const token = this.tokens[this.at];
    if (!token) throw new FindError('unexpected-end', this.end, this.end, '');
    if (token.kind === 'not' || token.kind === 'open') {
      if (++this.depth > MAX_DEPTH) throw new FindError('unexpected-token', token.from, token.to, token.text);
      this.at++;
      let tree: FindTree;
      if (token.kind === 'not') tree = { type: 'not', of: this.term() };
      else {
        tree = this.conjunction();
        const close = this.tokens[this.at];
        if (close?.kind !== 'close') throw new FindError('unclosed-bracket', token.from, token.to, token.text);
        this.at++;
      }
      this.depth--;
      return tree;
    }
    if (token.kind !== 'word') throw new FindError('unexpected-token', token.from, token.to, token.text);
    return this.comparison(token);
  }

  private comparison(word: Token): Comparison {
    const found = operandOf(word.text);
    if (!found) throw new FindError('unknown-operand', word.from, word.to, word.text);
    const { operand, key } = found;
    this.at++;
    const sign = this.tokens[this.at];
    if (operand.noSource) this.notes.push({ operand: operand.name, reason: operand.noSource, from: word.from, to: word.to });
    if (sign?.kind !== 'operator') {
      if (operand.type !== 'flag') throw new FindError('flag-needs-operator', word.from, word.to, word.text);
      return { type: 'compare', operand, key, value: '', number: NaN, from: word.from, to: word.to };
    }
    if (operand.type === 'flag') throw new FindError('operator-not-for-flag', sign.from, sign.to, sign.text);
    this.at++;
    const value = this.tokens[this.at];
    if (value?.kind !== 'word') throw new FindError('value-missing', sign.to, value?.to ?? this.end, value?.text ?? '');
    this.at++;
    const operator = sign.text as Operator;
    const whole: Comparison = { type: 'compare', operand, key, operator, value: value.text, number: NaN, from: word.from, to: value.to };
    if (operand.type === 'number') {
      if (!['=', '!=', '>', '>=', '<', '<='].includes(operator)) throw new FindError('operator-not-for-number', sign.from, sign.to, sign.text);
      whole.number = Number(value.text);
      if (Number.isNaN(whole.number) && value.text.toLowerCase() !== 'nan') throw new FindError('not-a-number', value.from, value.to, value.text);
    } else if (operator.includes('~')) {
      try {
        whole.pattern = new RegExp(value.text, 'iu');
      } catch {
        throw new FindError('bad-regex', value.from, value.to, value.text);
      }
    } else if (['>', '>=', '<', '<='].includes(operator)) throw new FindError('operator-not-for-text', sign.from, sign.to, sign.text);
    return whole;
  }
}

const NODES = 1;
const EDGES = 2;

/** What a tree can select: nodes, edges or both, as bits. */
export function domains(tree: FindTree): number {
  if (tree.type === 'compare') return (tree.operand.node ? NODES : 0) | (tree.operand.edge ? EDGES : 0);
  if (tree.type === 'not') return domains(tree.of);
  const parts = tree.of.map(domains);
  return tree.type === 'and' ? parts.reduce((a, b) => a & b) : parts.reduce((a, b) => a | b);
}
