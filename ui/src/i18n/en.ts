/** English texts. Their shape is the shape of every language. */
export const en = {
  page: { overview: 'Overview', map: 'Map', traces: 'Traces', trace: 'Trace', service: 'Service', missing: 'No such page' },
};

type Widen<T> = T extends string ? string : T extends (...given: infer A) => string ? (...given: A) => string : { [K in keyof T]: Widen<T[K]> };
export type Messages = Widen<typeof en>;
