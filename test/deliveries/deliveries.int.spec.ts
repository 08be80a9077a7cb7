import type { Stage } from './stage.js';
import { openStage } from './stage.js';
import { stories } from './stories.js';
import { played, seed, shuffled, told } from './telling.js';

/** How many deliveries there are in all; 10,000 with `npm run test:long -- deliveries`. */
const count = Number(process.env.DELIVERIES ?? 400);
const perStory = Math.ceil(count / stories.length);
const secondsADelivery = 1;

let stage: Stage;
let sent = 0;

beforeAll(async () => {
  stage = await openStage();
}, 60_000);
afterAll(() => stage.close());

describe('what the processor tells of a life story ends the same in whatever order and however often it comes', () => {
  it.each(stories)(
    '$name',
    async (story) => {
      const inOrder = await played(stage, story);
      const wanted = await told(stage, inOrder.player, inOrder.events);
      for (let deliveries = 0; deliveries < perStory;) {
        const { player, events } = await played(stage, story);
        const order = shuffled(events);
        const outcome = await told(stage, player, order);
        const said = `seed ${seed}: ${order.map(({ type, id }) => `${type} ${id}`).join(', ')}`;
        expect({ said, ...outcome }).toEqual({ said, ...wanted });
        deliveries += order.length;
        sent += order.length;
      }
    },
    30_000 + perStory * secondsADelivery * 1_000,
  );

  it('in as many deliveries as were asked for', () => {
    console.info(`${sent} deliveries of ${stories.length} stories (seed ${seed})`);
    expect(sent).toBeGreaterThanOrEqual(count);
  });
});
