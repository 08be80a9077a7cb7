export { InboxKeyKeeper } from './key-keeper.js';
export type { InboxKeyKeeping } from './key-keeper.js';
export { Retention } from './retention.js';
export { Inbox } from './inbox.js';
export type { Unfinished } from './inbox.js';
export type {
  Ending,
  EventName,
  EventSource,
  NewEvent,
  Outcome,
  Postponement,
  Stored,
  TakenEvent,
} from './webhook-event.js';
