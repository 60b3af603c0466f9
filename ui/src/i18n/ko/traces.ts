import type { Messages } from '@/i18n/en';

export const traces: Messages['traces'] = { title: 'traces' };
