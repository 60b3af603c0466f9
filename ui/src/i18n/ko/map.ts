import type { Messages } from '@/i18n/en';

export const map: Messages['map'] = { title: 'map' };
