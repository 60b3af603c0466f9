/** Every page and state that is photographed and checked for accessibility and clipped text. */
import type { Page } from '@playwright/test';
import { FAILED_ID, LARGE_ID, LOGIN_ID } from '../src/test/world/traces';

export interface Case {
  name: string;
  path: string;
  /** What the fake server has stored. */
  fake: 'full' | 'empty' | 'single' | 'exposed';
  act?: (page: Page) => Promise<void>;
  whole?: boolean;
}

export const CASES: Case[] = [
  { name: 'overview', path: '/', fake: 'full' },
  { name: 'overview-empty', path: '/', fake: 'empty' },
  { name: 'overview-exposed', path: '/', fake: 'exposed', whole: false },
  { name: 'map', path: '/map', fake: 'full', whole: false },
  { name: 'map-node', path: '/map?select=board-api', fake: 'full', whole: false },
  { name: 'map-edge', path: '/map?select=board-web%3Eboard-api&labels=rate,p95', fake: 'full', whole: false },
  { name: 'map-find', path: '/map?find=rt+%3E+500&hide=node+%3D+unknown', fake: 'full', whole: false },
  { name: 'map-list', path: '/map?view=list', fake: 'full', whole: false },
  { name: 'map-why', path: '/map?why=board-api%3Esearch-api', fake: 'full', whole: false },
  { name: 'map-empty', path: '/map', fake: 'empty', whole: false },
  { name: 'map-single', path: '/map', fake: 'single', whole: false },
  { name: 'map-replay', path: '/map?replay=1', fake: 'full', whole: false },
  { name: 'traces', path: '/traces', fake: 'full' },
  { name: 'traces-none', path: '/traces', fake: 'empty' },
  { name: 'traces-wrong', path: '/traces?q=%7B+status+%3D+error+%7D+%26%26+%7B+%7D', fake: 'full' },
  { name: 'trace', path: `/trace/${LOGIN_ID}`, fake: 'full', whole: false },
  { name: 'trace-error', path: `/trace/${FAILED_ID}`, fake: 'full', whole: false, act: async (page) => page.getByRole('button', { name: /Next error|다음 오류/ }).click({ timeout: 5_000 }) },
  { name: 'trace-large', path: `/trace/${LARGE_ID}`, fake: 'full', whole: false },
  { name: 'trace-icicle', path: `/trace/${FAILED_ID}?view=icicle`, fake: 'full', whole: false },
  { name: 'trace-table', path: `/trace/${FAILED_ID}?view=table`, fake: 'full', whole: false },
  { name: 'trace-graph', path: `/trace/${FAILED_ID}?view=graph`, fake: 'full', whole: false },
  { name: 'trace-missing', path: '/trace/00000000000000000000000000000001', fake: 'empty', whole: false },
  { name: 'service', path: '/services/board-api', fake: 'full' },
  { name: 'service-missing', path: '/services/nobody', fake: 'empty' },
];
