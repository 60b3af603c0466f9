/** Every page and state that is photographed and checked for accessibility and clipped text. */
import type { Page } from '@playwright/test';

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
];
