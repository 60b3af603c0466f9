import { expect, it } from 'vitest';
import { josa, type Particle } from '@/i18n/josa';

it.each<[string, Particle, string]>([
  ['서비스', '을/를', '서비스를'],
  ['스팬', '을/를', '스팬을'],
  ['맵', '이/가', '맵이'],
  ['오류', '은/는', '오류는'],
  ['서울', '으로/로', '서울로'],
  ['맵', '으로/로', '맵으로'],
  ['지도', '으로/로', '지도로'],
  ['버전 3', '이/가', '버전 3이'],
  ['버전 2', '이/가', '버전 2가'],
  ['7', '으로/로', '7로'],
  ['(스팬)', '과/와', '(스팬)과'],
  ['auth-api', '을/를', 'auth-api을(를)'],
  ['redis', '으로/로', 'redis(으)로'],
])('%s %s', (word, pair, wanted) => expect(josa(word, pair)).toBe(wanted));
