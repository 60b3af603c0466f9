/** Korean texts. Words follow the glossary; sentences are built so that no particle follows a variable. */
import type { Messages } from '@/i18n/en';
import { map } from '@/i18n/ko/map';
import { overview } from '@/i18n/ko/overview';
import { service } from '@/i18n/ko/service';
import { shell } from '@/i18n/ko/shell';
import { trace } from '@/i18n/ko/trace';
import { traces } from '@/i18n/ko/traces';

export const ko: Messages = { ...shell, overview, map, traces, trace, service };
