import Sequencer from '@jest/test-sequencer';

/** What takes half a minute or more, the longest first: begun last, as its size may have it, it would run alone at the end. */
const longest = [
  'test/chaos/chaos',
  'test/browser/checkout',
  'test/e2e/openapi',
  'apps/gateway/reconcile/reconcile',
  'test/attacks/attacks',
  'test/kills/kills',
  'apps/relay/faults',
  'test/standalone/start-kafka',
  'test/kafka/kafka',
  'test/e2e/client',
  'test/e2e/webhooks',
  'apps/relay/relay',
  'test/deliveries/deliveries',
  'apps/cli/rebuild',
  'test/e2e/main-job',
  'apps/cli/replay/replay',
];

const placeOf = ({ path }) => {
  const place = longest.findIndex((name) => path.includes(`/${name}.`));
  return place === -1 ? longest.length : place;
};

/** jest's own order, the longest of the last run first; where nobody knows how long they take, at least the longest. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
