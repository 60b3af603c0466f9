/** English texts, a file a page. Their shape is the shape of every language. */
import { map } from '@/i18n/en/map';
import { overview } from '@/i18n/en/overview';
import { service } from '@/i18n/en/service';
import { shell } from '@/i18n/en/shell';
import { trace } from '@/i18n/en/trace';
import { traces } from '@/i18n/en/traces';

export const en = { ...shell, overview, map, traces, trace, service };

type Widen<T> = T extends string ? string : { [K in keyof T]: Widen<T[K]> };
export type Messages = Widen<typeof en>;
