import type { ProcessorEventHead, Reading } from '../../news.js';
import type { Fields } from '../fields.js';
import { Unreadable } from '../fields.js';
import type { OpenedEvent } from './head.js';
import { openEvent } from './head.js';
import { readNotification } from './thin.js';
import { typeOf } from './types.js';
import { versionOf } from './versions.js';

/** `head` is undefined for a body that is no event at all. */
export type ReadEvent =
  { head: ProcessorEventHead; reading: Reading } | { head: undefined; reading: { kind: 'unreadable'; reason: string } };

/**
 * Reads an event whose signature has been verified, of any API version that this release knows. Pure, and never throws.
 *
 * The reason of `unreadable` begins with a code: `api_version_unknown VERSION`, or `body_unreadable PATH` with the path of the first
 * field that is not of a form known here, never what stood there; without a path where it is no event at all. `unused` has
 * `type_not_used`, `not_mirrored` for objects that only a later release keeps, or what makes the object none of this service's.
 */
export const readEvent = (body: Buffer | string): ReadEvent => {
  const opened = openEvent(body);
  if (!opened) return { head: undefined, reading: { kind: 'unreadable', reason: 'body_unreadable' } };
  return { head: opened.head, reading: readingOf(opened, body) };
};

const readingOf = ({ form, head, event }: OpenedEvent, body: Buffer | string): Reading => {
  try {
    return form === 'thin' ? readNotification(head.type, body) : readSnapshot(head, event);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { kind: 'unreadable', reason: `body_unreadable ${error.path}` };
  }
};

const readSnapshot = ({ type, apiVersion }: ProcessorEventHead, event: Fields): Reading => {
  const known = typeOf(type);
  if (!known) return { kind: 'unused', reason: 'type_not_used' };
  if ('unused' in known) return { kind: 'unused', reason: known.unused };
  const version = apiVersion === undefined ? undefined : versionOf(apiVersion);
  if (!version) return { kind: 'unreadable', reason: `api_version_unknown ${(apiVersion ?? 'none').slice(0, 40)}` };
  const data = event.fields('data');
  const object = data.object(known.object);
  return known.read(object, { type, version, previous: data.maybeFields('previous_attributes') });
};
