/**
 * One registry of keys: the help sheet is printed from it and pages bind to its ids.
 *
 * Keys match on `event.code`, so that they work while a Korean keyboard is in Hangul; nothing fires while a syllable is being
 * composed or the focus is in a field. Two-key chords (`g` then `m`) wait one second for the second key.
 */
import { onBeforeUnmount, onMounted } from 'vue';
import { preferences } from '@/app/preferences';

export type Scope = 'global' | 'lists' | 'map' | 'trace';

export interface Shortcut {
  id: string;
  /** `KeyK`, `Mod+KeyK`, `Shift+Slash`, `KeyG KeyM`. */
  keys: string;
  scope: Scope;
}

export const SHORTCUTS = [
  { id: 'palette', keys: 'Mod+KeyK', scope: 'global' },
  { id: 'help', keys: 'Shift+Slash', scope: 'global' },
  { id: 'focusQuery', keys: 'Slash', scope: 'global' },
  { id: 'refresh', keys: 'KeyR', scope: 'global' },
  { id: 'live', keys: 'Period', scope: 'global' },
  { id: 'zoomOut', keys: 'KeyZ', scope: 'global' },
  { id: 'earlier', keys: 'Shift+ArrowLeft', scope: 'global' },
  { id: 'later', keys: 'Shift+ArrowRight', scope: 'global' },
  { id: 'copyLink', keys: 'Mod+Shift+KeyC', scope: 'global' },
  { id: 'goOverview', keys: 'KeyG KeyO', scope: 'global' },
  { id: 'goMap', keys: 'KeyG KeyM', scope: 'global' },
  { id: 'goTraces', keys: 'KeyG KeyR', scope: 'global' },
  { id: 'next', keys: 'KeyJ', scope: 'lists' },
  { id: 'previous', keys: 'KeyK', scope: 'lists' },
  { id: 'open', keys: 'Enter', scope: 'lists' },
  { id: 'mapFit', keys: 'Equal', scope: 'map' },
  { id: 'mapPause', keys: 'KeyP', scope: 'map' },
  { id: 'mapFocus', keys: 'KeyF', scope: 'map' },
  { id: 'mapList', keys: 'KeyL', scope: 'map' },
  { id: 'mapHide', keys: 'KeyH', scope: 'map' },
  { id: 'mapUnselect', keys: 'KeyU', scope: 'map' },
  { id: 'spanCollapse', keys: 'KeyH', scope: 'trace' },
  { id: 'spanExpand', keys: 'KeyL', scope: 'trace' },
  { id: 'collapseAll', keys: 'BracketRight', scope: 'trace' },
  { id: 'expandAll', keys: 'BracketLeft', scope: 'trace' },
  { id: 'nextMatch', keys: 'KeyN', scope: 'trace' },
  { id: 'previousMatch', keys: 'Shift+KeyN', scope: 'trace' },
  { id: 'nextError', keys: 'KeyE', scope: 'trace' },
  { id: 'criticalPath', keys: 'KeyC', scope: 'trace' },
  { id: 'view1', keys: 'Digit1', scope: 'trace' },
  { id: 'view2', keys: 'Digit2', scope: 'trace' },
  { id: 'view3', keys: 'Digit3', scope: 'trace' },
  { id: 'view4', keys: 'Digit4', scope: 'trace' },
] as const satisfies readonly Shortcut[];

export type ShortcutId = (typeof SHORTCUTS)[number]['id'];

const CHORD_MS = 1_000;
const bound = new Map<ShortcutId, (() => void)[]>();
let chord: { first: string; atMs: number } | undefined;

function strokeOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? 'Mod+' : '';
  const alt = event.altKey ? 'Alt+' : '';
  return `${mod}${alt}${event.shiftKey ? 'Shift+' : ''}${event.code}`;
}

function isEditable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function fire(keys: string): boolean {
  for (const shortcut of SHORTCUTS) {
    const listeners = bound.get(shortcut.id);
    const last = listeners?.at(-1);
    if (shortcut.keys === keys && last) {
      last();
      return true;
    }
  }
  return false;
}

function onKeydown(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  const stroke = strokeOf(event);
  const modified = stroke.startsWith('Mod+');
  if (!modified && (isEditable(event.target) || !preferences.shortcuts || event.altKey)) return;
  if (stroke === 'Enter') return;
  const first = chord && performance.now() - chord.atMs < CHORD_MS ? chord.first : undefined;
  chord = undefined;
  if (first !== undefined && fire(`${first} ${stroke}`)) {
    event.preventDefault();
    return;
  }
  if (fire(stroke)) event.preventDefault();
  else if (SHORTCUTS.some((shortcut) => shortcut.keys.startsWith(`${stroke} `))) chord = { first: stroke, atMs: performance.now() };
}

window.addEventListener('keydown', onKeydown);

/** Binds an id while the component is on the page; the newest binding of an id wins. */
export function useShortcut(id: ShortcutId, act: () => void): void {
  onMounted(() => bound.set(id, [...(bound.get(id) ?? []), act]));
  onBeforeUnmount(() => bound.set(id, (bound.get(id) ?? []).filter((other) => other !== act)));
}

const NAMES: Record<string, string> = {
  Slash: '/', Period: '.', Equal: '=', BracketLeft: '[', BracketRight: ']', ArrowLeft: '←', ArrowRight: '→', Enter: 'Enter',
};

/** The keys as they are printed: `Ctrl`, `K`. */
export function keyNames(keys: string): string[][] {
  const mac = /Mac/.test(navigator.platform);
  return keys.split(' ').map((stroke) => {
    if (stroke === 'Shift+Slash') return ['?'];
    return stroke.split('+').map((part) => (part === 'Mod' ? (mac ? '⌘' : 'Ctrl') : (NAMES[part] ?? part.replace(/^(Key|Digit)/, ''))));
  });
}
