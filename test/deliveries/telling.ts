import { randomInt } from 'node:crypto';

import { randomFrom } from '../bench/generated-log.js';
import type { Outcome } from './outcome.js';
import { outcomeOf } from './outcome.js';
import type { Player } from './player.js';
import type { Delivery, Stage } from './stage.js';
import type { Story } from './stories.js';

/** Decides the orders: take one that was printed to have it again. */
export const seed = Number(process.env.SEED ?? randomInt(1_000_000));
const random = randomFrom(seed);

/** Events as they come in: in another order, each of them one to three times. */
export const shuffled = (events: readonly Delivery[]): Delivery[] =>
  events
    .flatMap((event) => Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({ event, place: random() })))
    .toSorted((a, b) => a.place - b.place)
    .map(({ event }) => event);

/** Without about a third of them. */
export const thinned = (events: readonly Delivery[]): Delivery[] => events.filter(() => random() > 0.35);

/** Plays a story as a new tenant; nothing of it is told yet. */
export const played = async (stage: Stage, story: Story): Promise<{ player: Player; events: Delivery[] }> => {
  const player = await stage.player();
  await player.begin();
  await story.play(player);
  return { player, events: await player.events() };
};

/** Delivers events one after the other, and gives what is recorded once all of it has been applied. */
export const told = async (stage: Stage, player: Player, deliveries: readonly Delivery[]): Promise<Outcome> => {
  for (const delivery of deliveries) await stage.deliver(delivery);
  await stage.quiet(player);
  return outcomeOf(player);
};
