import type { News, Reading } from '../../../news.js';
import type { Fields } from '../../fields.js';
import type { ApiVersion } from '../versions.js';

/** What else an event says beside its object. */
export interface EventContext {
  type: string;
  version: ApiVersion;
  /** Fields that this event changed, as they were before. */
  previous: Fields | undefined;
}

/** Reads the object of an event as it stood when the event was made. Throws Unreadable. */
export type Reader = (object: Fields, context: EventContext) => Reading;

export const newsOf = (news: News): Reading => ({ kind: 'news', news });
