import { setImmediate as turn } from 'node:timers/promises';

import { interleavingPath } from '#audit-log';

import { AnchoredFork } from '../anchors/index.js';
import type { CheckpointAnchor } from '../ports.js';
import { Overtaken, SealingStopped } from '../stopped.js';
import { WitnessedFork } from '../witnesses/index.js';
import { Announcements } from './announcements.js';
import { assertNothingFollows } from './nothing-follows.js';
import { assertExtendsAnchors } from './start-check.js';
import { unlessForked } from './unless-forked.js';

const fork = new WitnessedFork('w1', 'ahead', 20, 10);
const head = { size: 10, root: new Uint8Array(32) };
/** A place that shows another tree, whatever it is asked. */
const forkedPlace: CheckpointAnchor = {
  name: 'a place',
  newest: () => Promise.reject(new AnchoredFork('a place', 10)),
  keep: () => Promise.reject(new AnchoredFork('a place', 10)),
};

it('a fork stops the one that may write; the one that may not is told that it was overtaken', async () => {
  await expect(unlessForked(() => Promise.reject(fork))).rejects.toMatchObject({ reason: 'forked', cause: fork });
  const overtaken = unlessForked(
    () => Promise.reject(fork),
    () => {
      throw new Overtaken('another has the lease');
    },
  );
  await expect(overtaken).rejects.toThrow(Overtaken);
  const passing = new Error('a time-out');
  await expect(unlessForked(() => Promise.reject(passing))).rejects.toBe(passing);
});

it('a place that shows two trees stops an anchor at its start', async () => {
  const starting = assertExtendsAnchors(undefined as never, head, 'an origin', [forkedPlace]);
  await expect(starting).rejects.toThrow(SealingStopped);
  await expect(starting).rejects.toMatchObject({ reason: 'forked' });
});

it('a fork that comes to light when others are told of a checkpoint stops the next one', async () => {
  const told: string[] = [];
  const announcements = new Announcements(forkedPlace, (message) => told.push(message));
  announcements.announce(head, 'a note');
  await turn();
  expect(() => {
    announcements.announce(head, 'the next');
  }).toThrow(SealingStopped);
  expect(told).toHaveLength(1);
  await announcements.close();
});

it('who is ahead is no fork where another anchor has decided what follows: it is gone on from there', async () => {
  const decided = {
    read: (path: string) => Promise.resolve(path === interleavingPath(10) ? new Uint8Array() : undefined),
  };
  const ahead = (size: number) =>
    unlessForked(
      () => Promise.reject(fork),
      () => assertNothingFollows(decided, { ...head, size }),
    );
  await expect(ahead(10)).rejects.toThrow(Overtaken);
  await expect(ahead(11)).rejects.toMatchObject({ reason: 'forked' });
});
