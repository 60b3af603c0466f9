/** Copies text and says so for three seconds in the shell's live region. Works without a secure context, as on plain HTTP. */
import { ref } from 'vue';

export interface Notice {
  id: number;
  text: string;
}

export const notice = ref<Notice>();
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(text: string): void {
  notice.value = { id: (notice.value?.id ?? 0) + 1, text };
  clearTimeout(timer);
  timer = setTimeout(() => (notice.value = undefined), 3_000);
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

export async function copyText(text: string, done: string, failed: string): Promise<void> {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!copyBySelection(text)) throw new Error('refused');
    announce(done);
  } catch {
    announce(copyBySelection(text) ? done : failed);
  }
}
