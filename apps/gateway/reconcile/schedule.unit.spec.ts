import { nextTurn } from './schedule.js';

const at = (time: string): Date => new Date(`2026-11-${time}Z`);
const startedAt = at('21T00:00:00');
const everyHours = 24;

it('a gateway that has just started begins nothing', () => {
  expect(nextTurn({ now: at('21T00:09:59'), startedAt, everyHours, last: {} })).toBeUndefined();
  expect(nextTurn({ now: at('21T00:10:00'), startedAt, everyHours, last: {} })).toBeDefined();
});

it('all gateways see the same turn, and another one after the time between two runs', () => {
  const turn = (now: string) => nextTurn({ now: at(now), startedAt, everyHours, last: {} })?.turn;
  expect(turn('21T10:00:00')).toEqual(turn('21T23:59:59'));
  expect(turn('22T00:00:00')).toEqual(at('22T00:00:00'));
});

it.each([
  ['looks back three days', 24, undefined, '18T12:00:00'],
  ['looks back two turns where those are longer', 72, undefined, '15T12:00:00'],
  ['overlaps a run that ended long ago', 24, '10T00:00:00', '09T23:00:00'],
  ['looks back three days although the last run was yesterday', 24, '20T00:00:00', '18T12:00:00'],
])('%s', (_, every, lastEnd, from) => {
  const last = lastEnd === undefined ? {} : { done: { windowTo: at(lastEnd), finishedAt: at(lastEnd), drift: 0 } };
  const now = at('21T12:00:00');
  expect(nextTurn({ now, startedAt, everyHours: every, last })?.window).toEqual({ from: at(from), to: now });
});

it('looks back no further than the processor keeps its events', () => {
  const done = { windowTo: new Date('2025-01-01T00:00:00Z'), finishedAt: new Date('2025-01-01T00:00:00Z'), drift: 0 };
  const now = at('21T12:00:00');
  const from = new Date('2026-10-22T12:00:00Z');
  expect(nextTurn({ now, startedAt, everyHours, last: { done } })?.window).toEqual({ from, to: now });
});
