import type { Messages } from '@/i18n/en';

export const trace: Messages['trace'] = { title: 'trace' };
