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
];
