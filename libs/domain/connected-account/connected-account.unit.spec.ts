import { specificationOf } from '../testing/given-when-then.js';
import {
  ConnectedAccountLinkedElsewhere,
  ConnectedAccountNotFound,
  decideConnectedAccount,
  evolveConnectedAccount,
  foldConnectedAccount,
  initialConnectedAccount,
  type ConnectedAccountEvent,
  type LinkConnectedAccount,
  type RecordConnectedAccount,
} from './index.js';

const { given } = specificationOf({
  initial: initialConnectedAccount,
  evolve: evolveConnectedAccount,
  decide: decideConnectedAccount,
});

const at = '2026-11-01T10:00:00Z';
const terms = { connectedAccountId: 'a1', processorAccountId: 'acct_1', at };
const link: LinkConnectedAccount = { type: 'LinkConnectedAccount', ...terms };
const linked: ConnectedAccountEvent = { type: 'ConnectedAccountLinked', ...terms };
const standing = { chargesEnabled: true, payoutsEnabled: false, detailsSubmitted: true };
const found: RecordConnectedAccount = {
  ...{ type: 'RecordConnectedAccount', ...standing, at },
  requirementsDue: ['individual.id_number', 'external_account'],
};
const reported: ConnectedAccountEvent = {
  ...{ type: 'ConnectedAccountReported', ...standing, disabledReason: undefined, at },
  requirementsDue: ['external_account', 'individual.id_number'],
};

describe('a connected account', () => {
  it('is linked once, and to one account of the processor', () => {
    given([]).when(link).then([linked]);
    given([linked]).when(link).thenNothing();
    given([linked])
      .when({ ...link, processorAccountId: 'acct_2' })
      .thenRefuses(ConnectedAccountLinkedElsewhere);
  });
  it('stands as it was last found, told once', () => {
    given([linked]).when(found).then([reported]);
    given([linked, reported]).when(found).thenNothing();
    const disabled = { payoutsEnabled: false, chargesEnabled: false, disabledReason: 'rejected.fraud' };
    given([linked, reported])
      .when({ ...found, ...disabled })
      .then([{ ...reported, ...disabled }]);
    given([linked, reported])
      .when({ ...found, requirementsDue: [] })
      .then([{ ...reported, requirementsDue: [] }]);
    const back = [linked, reported, { ...reported, ...disabled } as ConnectedAccountEvent, reported];
    expect(foldConnectedAccount(back).standing).toMatchObject({ chargesEnabled: true });
  });
  it('is looked at once for each reason to', () => {
    const look = { type: 'RequestConnectedAccountLookup', lookupId: 'l1', at } as const;
    const asked: ConnectedAccountEvent = {
      ...{ type: 'ConnectedAccountLookupRequested', lookupId: 'l1', processorAccountId: 'acct_1', at },
    };
    given([linked]).when(look).then([asked]);
    given([linked, asked]).when(look).thenNothing();
  });
  it('that nobody linked has no facts', () => {
    given([]).when(found).thenRefuses(ConnectedAccountNotFound);
    given([]).when({ type: 'RequestConnectedAccountLookup', lookupId: 'l1', at }).thenRefuses(ConnectedAccountNotFound);
  });
});
