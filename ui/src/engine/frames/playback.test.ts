/** Replay: commands and times in, shown frames out. */
import { expect, it } from 'vitest';
import { playback, START, type Playback, type PlaybackCommand } from './playback';

function run(...commands: PlaybackCommand[]): Playback {
  return commands.reduce(playback, START);
}
const ticks = (...at: number[]): PlaybackCommand[] => at.map((nowMs) => ({ type: 'tick', nowMs }));

it('plays at its speed and stops at the end', () => {
  expect(run({ type: 'load', count: 3 }, { type: 'play' }, ...ticks(0, 500, 1000)).frame).toBe(1);
  expect(run({ type: 'load', count: 3 }, { type: 'speed', speed: 5 }, { type: 'play' }, ...ticks(0, 250)).frame).toBe(1);
  expect(run({ type: 'load', count: 3 }, { type: 'play' }, ...ticks(0, 1900, 3800))).toMatchObject({ frame: 2, playing: false });
});

it('goes round when told', () => {
  expect(run({ type: 'load', count: 3 }, { type: 'loop', on: true }, { type: 'play' }, ...ticks(0, 1900, 3800))).toMatchObject({ frame: 0, playing: true });
});

it('plays from the start when it stands at the end', () => {
  expect(run({ type: 'load', count: 3 }, { type: 'scrub', frame: 9 }, { type: 'play' })).toMatchObject({ frame: 0, playing: true });
});

it('does not play the time in which the tab slept', () => {
  expect(run({ type: 'load', count: 100 }, { type: 'play' }, ...ticks(0, 60_000)).frame).toBe(0);
});

it('steps and scrubs within the frames', () => {
  expect(run({ type: 'load', count: 3 }, { type: 'step', by: -1 }).frame).toBe(0);
  expect(run({ type: 'load', count: 3 }, { type: 'step', by: 2 }, { type: 'step', by: 2 }).frame).toBe(2);
  expect(run({ type: 'load', count: 0 }, { type: 'play' })).toMatchObject({ frame: 0, playing: false });
  expect(run({ type: 'load', count: 9 }, { type: 'scrub', frame: 8 }, { type: 'load', count: 4 }).frame).toBe(3);
});
