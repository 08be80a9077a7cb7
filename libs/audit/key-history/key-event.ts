import { Malformed } from '../errors.js';
import type { VerifierKey } from '../notes/index.js';
import { parseVerifierKey } from '../notes/index.js';
import { fromUtf8 } from '../strict-text.js';
import { keyHistoryStream, platformTenant } from './places.js';

/** What became of a key of the log. */
export interface KeyEvent {
  /** 1-based place in the history. */
  version: number;
  change: 'introduced' | 'retired';
  key: VerifierKey;
}

const what = 'event of a key';
const changes: Readonly<Record<string, KeyEvent['change']>> = {
  AuditKeyIntroduced: 'introduced',
  AuditKeyRetired: 'retired',
};

type Members = Record<string, unknown>;

const membersOf = (text: string): Members => {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Members;
  } catch {
    // told below, as for everything else that is no object
  }
  throw new Malformed(what, 'it is no JSON object');
};

/**
 * The event of a key out of the bytes that its leaf commits to (docs/audit.md), of the log of this origin. It says who may say such a
 * thing: nobody but the platform itself, in the one stream of that log. Throws Malformed for every other event.
 */
export const parseKeyEvent = (bytes: Uint8Array, origin: string): KeyEvent => {
  const { v, tenantId, streamId, type, version, schemaVersion, data } = membersOf(fromUtf8(bytes, what));
  if (v !== 1 || schemaVersion !== 1)
    throw new Malformed(what, 'its version is not known; use a verifier that knows it');
  if (tenantId !== platformTenant || streamId !== keyHistoryStream(origin))
    throw new Malformed(what, `it does not stand in the history of the keys of ${origin}`);
  const change = typeof type === 'string' && Object.hasOwn(changes, type) ? changes[type] : undefined;
  if (!change || typeof data !== 'string') throw new Malformed(what, 'it neither introduces nor retires a key');
  if (!Number.isSafeInteger(version) || Number(version) < 1)
    throw new Malformed(what, 'it has no place in the history');
  const { vkey } = membersOf(data);
  if (typeof vkey !== 'string') throw new Malformed(what, 'it names no key');
  const key = parseVerifierKey(vkey);
  if (key.name !== origin || key.type === 'cosignature')
    throw new Malformed(what, `its key is not one that signs as ${origin}`);
  return { version: Number(version), change, key };
};
