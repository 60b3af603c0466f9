import type { Messages } from '@/i18n/en';

export const overview: Messages['overview'] = { title: 'overview' };
