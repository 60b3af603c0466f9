/**
 * Plays a sequence of frames (replay of the map): which frame is shown, and when the next one is due.
 *
 * In: number of frames and their step, commands, the time. Out: a state; no timers in here. A page calls `tick` from its
 * frame clock, so that a hidden tab stands still and tests own the time.
 */

export const SPEEDS = [0.5, 1, 2, 5, 10] as const;

export interface Playback {
  /** Frames that exist; 0 while they load. */
  count: number;
  /** Shown frame, 0 to count - 1. */
  frame: number;
  playing: boolean;
  /** Frames a second. */
  speed: number;
  loop: boolean;
  /** Milliseconds of the present frame that have passed. */
  elapsedMs: number;
  /** Time of the last tick, none after a pause. */
  tickedAtMs?: number;
}

export type PlaybackCommand =
  | { type: 'load'; count: number; frame?: number }
  | { type: 'play' }
  | { type: 'pause' }
  | { type: 'toggle' }
  | { type: 'scrub'; frame: number }
  | { type: 'step'; by: number }
  | { type: 'speed'; speed: number }
  | { type: 'loop'; on: boolean }
  | { type: 'tick'; nowMs: number };

export const START: Playback = { count: 0, frame: 0, playing: false, speed: 1, loop: false, elapsedMs: 0 };

/** A tick further apart than this means the tab was asleep: nothing is played for the gap. */
const ASLEEP_MS = 2000;

export function playback(state: Playback, command: PlaybackCommand): Playback {
  const last = Math.max(0, state.count - 1);
  const clamp = (frame: number): number => Math.max(0, Math.min(last, Math.round(frame)));
  switch (command.type) {
    case 'load': {
      const count = Math.max(0, Math.floor(command.count));
      const frame = Math.max(0, Math.min(count - 1, command.frame ?? state.frame));
      return still({ ...state, count, frame: count === 0 ? 0 : frame, playing: state.playing && count > 1 });
    }
    case 'play':
      if (state.count < 2) return state;
      // From the end, play means from the start.
      return still({ ...state, playing: true, frame: state.frame >= last ? 0 : state.frame });
    case 'pause':
      return still({ ...state, playing: false });
    case 'toggle':
      return playback(state, { type: state.playing ? 'pause' : 'play' });
    case 'scrub':
      return still({ ...state, frame: clamp(command.frame) });
    case 'step':
      return still({ ...state, playing: false, frame: clamp(state.frame + command.by) });
    case 'speed':
      return command.speed > 0 && Number.isFinite(command.speed) ? { ...state, speed: command.speed } : state;
    case 'loop':
      return { ...state, loop: command.on };
    case 'tick':
      return tick(state, command.nowMs, last);
  }
}

function tick(state: Playback, nowMs: number, last: number): Playback {
  if (!state.playing) return state;
  const gap = state.tickedAtMs === undefined ? 0 : nowMs - state.tickedAtMs;
  const elapsed = state.elapsedMs + (gap > 0 && gap <= ASLEEP_MS ? gap : 0);
  const frameMs = 1000 / state.speed;
  const steps = Math.floor(elapsed / frameMs);
  const next = { ...state, tickedAtMs: nowMs, elapsedMs: elapsed - steps * frameMs };
  if (steps === 0) return next;
  const frame = state.frame + steps;
  if (frame <= last) return { ...next, frame };
  if (state.loop) return { ...next, frame: frame % (last + 1) };
  return still({ ...next, frame: last, playing: false });
}

function still(state: Playback): Playback {
  const { tickedAtMs: _, ...rest } = state;
  return { ...rest, elapsedMs: 0 };
}
