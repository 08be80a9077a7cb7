import { accountOf } from '../../account.js';
import { claimOf } from '../../claim.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

export const readAccount: Reader = (account) =>
  newsOf({ about: 'account', account: accountOf(account), claim: claimOf(account) });
