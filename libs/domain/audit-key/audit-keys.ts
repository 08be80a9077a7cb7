import { Refusal } from '../refusal.js';
import type { AuditKeyCommand, IntroduceAuditKey, RetireAuditKey } from './commands.js';
import type { AuditKeyAlgorithm, AuditKeyEvent } from './events.js';

/** A key of the log, as its history tells it. */
export interface AuditKey {
  vkey: string;
  keyName: string;
  algorithm: AuditKeyAlgorithm;
  introducedAt: string;
  /** Absent while it signs. */
  retiredAt?: string;
}

export interface AuditKeys {
  /** Every key that the log has had, in the order of their introduction. */
  keys: readonly AuditKey[];
  /** Events of the history. */
  events: number;
}

export const initialAuditKeys: AuditKeys = { keys: [], events: 0 };

/** Receipts of the history are named by three digits. A rotation takes two: with one a quarter that is for a century. */
export const maxAuditKeyEvents = 999;

/** As many keys as may sign at a time: each of them signs every checkpoint. */
export const maxSigningKeys = 4;

export class AuditKeyUnknown extends Refusal {
  constructor() {
    super('audit_key_unknown', 'not_found', 'the log has no such key; billing audit keys list shows those it has');
  }
}

export class AuditKeySpent extends Refusal {
  constructor(keyName: string) {
    super('audit_key_spent', 'conflict', `${keyName} was retired and never signs again; introduce a new key`, {
      details: { keyName },
    });
  }
}

export class AuditKeyNameTaken extends Refusal {
  constructor(keyName: string) {
    super(
      'audit_key_name_taken',
      'conflict',
      `${keyName} is the name of another key of this log, and a name stands for one key for good; give the new one a new name`,
      { details: { keyName } },
    );
  }
}

export class LastAuditKey extends Refusal {
  constructor(keyName: string) {
    super(
      'last_audit_key',
      'conflict',
      `${keyName} is the only key that signs the log; introduce its successor first (billing audit keys rotate)`,
      { details: { keyName } },
    );
  }
}

export class SuccessorNotVouched extends Refusal {
  constructor(keyName: string, successor: string) {
    super(
      'successor_not_vouched',
      'conflict',
      `${keyName} has to sign until a receipt of ${successor} is published, else nobody who trusts ${keyName} could follow; wait for the next checkpoint and look at billing audit keys list`,
      { details: { keyName, successor } },
    );
  }
}

export class TooManyAuditKeys extends Refusal {
  constructor(words: string) {
    super('too_many_audit_keys', 'conflict', words);
  }
}

/** Folds one event into the keys of the log. */
export const evolveAuditKeys = ({ keys, events }: AuditKeys, event: AuditKeyEvent): AuditKeys => {
  switch (event.type) {
    case 'AuditKeyIntroduced': {
      const { vkey, keyName, algorithm, at: introducedAt } = event;
      return { keys: [...keys, { vkey, keyName, algorithm, introducedAt }], events: events + 1 };
    }
    case 'AuditKeyRetired': {
      const retired = keys.map((key) => (key.vkey === event.vkey ? { ...key, retiredAt: event.at } : key));
      return { keys: retired, events: events + 1 };
    }
  }
};

export const foldAuditKeys = (events: Iterable<AuditKeyEvent>): AuditKeys => {
  let keys = initialAuditKeys;
  for (const event of events) keys = evolveAuditKeys(keys, event);
  return keys;
};

/** The keys that sign the log now, the newest first. */
export const signingKeysOf = ({ keys }: AuditKeys): AuditKey[] =>
  keys.filter(({ retiredAt }) => retiredAt === undefined).reverse();

/**
 * Introduces a key. One that signs already gives []. Throws AuditKeySpent for one that was retired, AuditKeyNameTaken where its name stands
 * for another key, and TooManyAuditKeys.
 */
export const introduceAuditKey = (command: IntroduceAuditKey, state: AuditKeys): AuditKeyEvent[] => {
  const { name, keyName, vkey, algorithm, at } = command;
  const same = state.keys.find((key) => key.vkey === vkey);
  if (same?.retiredAt !== undefined) throw new AuditKeySpent(same.keyName);
  if (same) return [];
  if (state.keys.some((key) => key.keyName === keyName)) throw new AuditKeyNameTaken(keyName);
  if (signingKeysOf(state).length >= maxSigningKeys)
    throw new TooManyAuditKeys(`${maxSigningKeys} keys sign the log already; retire one first`);
  assertRoom(state);
  return [{ type: 'AuditKeyIntroduced', name, keyName, vkey, algorithm, at }];
};

/**
 * Retires a key. One that is retired gives []. Throws AuditKeyUnknown, LastAuditKey, and SuccessorNotVouched while a key that was introduced
 * after it, and stays, has no receipt that this one has signed.
 */
export const retireAuditKey = ({ vkey, vouched, at }: RetireAuditKey, state: AuditKeys): AuditKeyEvent[] => {
  const place = state.keys.findIndex((key) => key.vkey === vkey);
  const key = state.keys[place];
  if (!key) throw new AuditKeyUnknown();
  if (key.retiredAt !== undefined) return [];
  if (signingKeysOf(state).length === 1) throw new LastAuditKey(key.keyName);
  const waiting = state.keys.slice(place + 1).find((each) => !each.retiredAt && !vouched.includes(each.vkey));
  if (waiting) throw new SuccessorNotVouched(key.keyName, waiting.keyName);
  assertRoom(state);
  return [{ type: 'AuditKeyRetired', vkey, at }];
};

export const decideAuditKeys = (command: AuditKeyCommand, state: AuditKeys): AuditKeyEvent[] => {
  switch (command.type) {
    case 'IntroduceAuditKey':
      return introduceAuditKey(command, state);
    case 'RetireAuditKey':
      return retireAuditKey(command, state);
  }
};

const assertRoom = ({ events }: AuditKeys): void => {
  if (events >= maxAuditKeyEvents)
    throw new TooManyAuditKeys(`a log has ${maxAuditKeyEvents} events of its keys at most; begin another log`);
};
