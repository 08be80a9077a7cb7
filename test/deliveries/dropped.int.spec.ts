import type { Outcome } from './outcome.js';
import { outcomeOf } from './outcome.js';
import type { Player } from './player.js';
import type { Stage } from './stage.js';
import { openStage } from './stage.js';
import type { Story } from './stories.js';
import { stories } from './stories.js';
import { played, seed, thinned, told } from './telling.js';

/** How a story ends where everything is told, and where a part of it is dropped. */
interface Told {
  whole: Outcome;
  player: Player;
  dropped: number;
}

let stage: Stage;
const endings = new Map<Story, Told>();

beforeAll(async () => {
  stage = await openStage();
  for (const story of stories) {
    const inOrder = await played(stage, story);
    const whole = await told(stage, inOrder.player, inOrder.events);
    const { player, events } = await played(stage, story);
    const some = thinned(events);
    await told(stage, player, some);
    endings.set(story, { whole, player, dropped: events.length - some.length });
  }
}, 180_000);
afterAll(() => stage.close());

describe(`what the processor tells and a part of which never comes (seed ${seed})`, () => {
  it('is found by one reconciliation, which finds nothing the next time', async () => {
    expect([...endings.values()].reduce((sum, { dropped }) => sum + dropped, 0)).toBeGreaterThan(stories.length);
    const { run, findings } = await stage.bench.reconcile();
    expect(findings.filter(({ outcome }) => outcome !== 'repaired')).toEqual([]);
    expect(run).toMatchObject({ state: 'done', drift: '0' });
    expect(Number(run.repaired)).toBeGreaterThan(0);
    for (const { player } of endings.values()) await stage.quiet(player);
    const again = await stage.bench.reconcile();
    expect(again).toMatchObject({ run: { state: 'done', repaired: '0', drift: '0' }, findings: [] });
  }, 120_000);

  it.each(stories)('ends as if all had come: $name', async (story) => {
    const { whole, player } = endings.get(story) as Told;
    expect(await outcomeOf(player)).toEqual(whole);
  });
});
