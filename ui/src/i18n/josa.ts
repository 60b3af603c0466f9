/**
 * Korean particles: which of two fits depends on the last sound of the word before.
 *
 * In: a word, a pair such as `을/를`. Out: the word with its particle. Hangul by its final consonant, digits by how they are
 * read, other letters by the common rule of Korean typography for names: a safe form with both, as in `auth-api을(를)`.
 */
export type Particle = '은/는' | '이/가' | '을/를' | '과/와' | '으로/로';

/** Digits read in Korean: 영 일 이 삼 사 오 육 칠 팔 구. Value: the final consonant, empty when there is none. */
const DIGIT_FINALS: Record<string, string> = { 0: 'ㅇ', 1: 'ㄹ', 2: '', 3: 'ㅁ', 4: '', 5: '', 6: 'ㄱ', 7: 'ㄹ', 8: 'ㄹ', 9: '' };

const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
/** Place of ㄹ among the 28 final consonants. */
const RIEUL = 8;

export function particle(word: string, pair: Particle): string {
  const [closed, open] = pair.split('/') as [string, string];
  const last = [...word.replace(/[)\]}"'»”’\s]+$/u, '')].at(-1) ?? '';
  const digit = DIGIT_FINALS[last];
  if (digit !== undefined) return choose(digit !== '', digit === 'ㄹ', pair, closed, open);
  const code = last.codePointAt(0) ?? 0;
  if (code >= HANGUL_FIRST && code <= HANGUL_LAST) {
    const final = (code - HANGUL_FIRST) % 28;
    return choose(final !== 0, final === RIEUL, pair, closed, open);
  }
  return pair === '으로/로' ? '(으)로' : `${closed}(${open})`;
}

function choose(hasFinal: boolean, isRieul: boolean, pair: Particle, closed: string, open: string): string {
  return hasFinal && !(pair === '으로/로' && isRieul) ? closed : open;
}

export function josa(word: string, pair: Particle): string {
  return word + particle(word, pair);
}
