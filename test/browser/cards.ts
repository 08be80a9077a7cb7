import type { TestCard } from '../../libs/stripe-sandbox/payments/test-cards.js';
import { testCard, testCardNames } from '../../libs/stripe-sandbox/payments/test-cards.js';

/** Each card of the sandbox's table once, by its number. */
export const cards: ReadonlyMap<string, TestCard> = new Map(
  testCardNames().map((name) => {
    const card = testCard(name);
    return [card.number, card];
  }),
);

/**
 * One of each kind, by what it does while it is paid with: others differ by their brand and country, or by what comes later, a dispute or a refund that
 * fails. `npm run test:long -- browser` has them all.
 */
const oneOfEachKind: readonly TestCard[] = [
  ...new Map([...cards.values()].map((card) => [JSON.stringify([card.declines, card.authentication]), card])).values(),
];

/** The cards to pay with. */
export const chosenCards = process.env.BROWSER_CARDS === 'all' ? [...cards.values()] : oneOfEachKind;

/** Whether the bank asks the payer who they are. */
export const asks = ({ authentication = 'optional' }: TestCard): boolean =>
  ['always', 'unless_set_up', 'set_up'].includes(authentication);
