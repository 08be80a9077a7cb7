export type * from './commands.js';
export type * from './events.js';
export {
  ConnectedAccountLinkedElsewhere,
  ConnectedAccountNotFound,
  decideConnectedAccount,
  evolveConnectedAccount,
  foldConnectedAccount,
  initialConnectedAccount,
  linkConnectedAccount,
  recordConnectedAccount,
} from './connected-account.js';
export type { AccountStanding, ConnectedAccount } from './connected-account.js';
