/**
 * `j` and `k` move through the links of a list marked with `data-row`; Enter opens the one that has the focus.
 *
 * In: the element of the template with `ref="keys"`. Out: nothing. The first stroke goes to the first row.
 */
import { useTemplateRef } from 'vue';
import { useShortcut } from '@/app/shortcuts';

export function useListKeys(): void {
  const keys = useTemplateRef<HTMLElement>('keys');
  const move = (step: 1 | -1): void => {
    const rows = [...(keys.value?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  };
  useShortcut('next', () => move(1));
  useShortcut('previous', () => move(-1));
}
