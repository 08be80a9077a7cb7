import { specificationOf } from '../testing/given-when-then.js';
import type { AuditKeyEvent, AuditKeys, IntroduceAuditKey, RetireAuditKey } from './index.js';
import {
  AuditKeyNameTaken,
  AuditKeySpent,
  AuditKeyUnknown,
  LastAuditKey,
  SuccessorNotVouched,
  TooManyAuditKeys,
  decideAuditKeys,
  evolveAuditKeys,
  foldAuditKeys,
  initialAuditKeys,
  maxAuditKeyEvents,
  signingKeysOf,
} from './index.js';

const { given } = specificationOf({ initial: initialAuditKeys, evolve: evolveAuditKeys, decide: decideAuditKeys });

const at = '2026-11-01T10:00:00Z';
const vkeyOf = (n: number): string => `example.com/log+0000000${n}+AQ==`;
const introduce = (n: number): IntroduceAuditKey => ({
  type: 'IntroduceAuditKey',
  ...{ name: 'example.com/log', keyName: `audit-${n}`, vkey: vkeyOf(n), algorithm: 'ed25519', at },
});
const introduced = (n: number): AuditKeyEvent => ({ ...introduce(n), type: 'AuditKeyIntroduced' });
const retired = (n: number): AuditKeyEvent => ({ type: 'AuditKeyRetired', vkey: vkeyOf(n), at });
const retire = (n: number, ...vouched: number[]): RetireAuditKey => ({
  ...{ type: 'RetireAuditKey', vkey: vkeyOf(n), vouched: vouched.map(vkeyOf), at },
});

describe('a key of the audit log', () => {
  it('is introduced once, and then signs', () => {
    given([])
      .when(introduce(1))
      .then([introduced(1)]);
    given([introduced(1)])
      .when(introduce(1))
      .thenNothing();
    given([introduced(1)])
      .when(introduce(2))
      .then([introduced(2)]);
  });
  it('that was retired never signs again', () => {
    given([introduced(1), introduced(2), retired(1)])
      .when(introduce(1))
      .thenRefuses(AuditKeySpent);
  });
  it('has a name that no other key of the log has had', () => {
    const other = { ...introduce(3), keyName: 'audit-1' };
    given([introduced(1)])
      .when(other)
      .thenRefuses(AuditKeyNameTaken);
    given([introduced(1), introduced(2), retired(1)])
      .when(other)
      .thenRefuses(AuditKeyNameTaken);
  });
  it('is one of four at most that sign at a time', () => {
    given([introduced(1), introduced(2), introduced(3), introduced(4)])
      .when(introduce(5))
      .thenRefuses(TooManyAuditKeys);
  });
  it('is retired once a receipt of its successor is published, and not before', () => {
    given([introduced(1), introduced(2)])
      .when(retire(1))
      .thenRefuses(SuccessorNotVouched);
    given([introduced(1), introduced(2)])
      .when(retire(1, 1))
      .thenRefuses(SuccessorNotVouched);
    given([introduced(1), introduced(2)])
      .when(retire(1, 2))
      .then([retired(1)]);
    given([introduced(1), introduced(2), introduced(3)])
      .when(retire(1, 2))
      .thenRefuses(SuccessorNotVouched);
    given([introduced(1), introduced(2), retired(1)])
      .when(retire(1))
      .thenNothing();
  });
  it('that was introduced by mistake is retired at once: those before it need no receipt of it', () => {
    given([introduced(1), introduced(2)])
      .when(retire(2))
      .then([retired(2)]);
    given([introduced(1), introduced(2), retired(2), introduced(3)])
      .when(retire(1, 3))
      .then([retired(1)]);
  });
  it('is not retired while it is the last that signs, nor where there is no such key', () => {
    given([introduced(1)])
      .when(retire(1, 1))
      .thenRefuses(LastAuditKey);
    given([introduced(1), introduced(2), retired(1)])
      .when(retire(2))
      .thenRefuses(LastAuditKey);
    given([introduced(1)])
      .when(retire(2))
      .thenRefuses(AuditKeyUnknown);
  });
  it('finds no room behind 999 events', () => {
    const full: AuditKeys = { ...foldAuditKeys([introduced(1), introduced(2)]), events: maxAuditKeyEvents };
    expect(() => decideAuditKeys(introduce(3), full)).toThrow(TooManyAuditKeys);
    expect(() => decideAuditKeys(retire(1, 2), full)).toThrow(TooManyAuditKeys);
  });
});

it('those that sign are told newest first', () => {
  const state = foldAuditKeys([introduced(1), introduced(2), introduced(3), retired(2)]);
  expect(signingKeysOf(state).map(({ keyName }) => keyName)).toEqual(['audit-3', 'audit-1']);
  expect(state.keys.map(({ retiredAt }) => retiredAt)).toEqual([undefined, at, undefined]);
});
