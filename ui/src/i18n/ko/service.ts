import type { Messages } from '@/i18n/en';

export const service: Messages['service'] = { title: 'service' };
