import type { AuditKeyEvent } from '#domain/audit-key';
import { foldAuditKeys } from '#domain/audit-key';
import type { AwsKeyManagementSettings, KeyManagementSettings } from '#platform/configuration';

import { UsageError } from '../../usage.js';
import { nextKeyName } from './next-key-name.js';

const at = '2026-11-01T10:00:00Z';
const introduced = (keyName: string): AuditKeyEvent => ({
  type: 'AuditKeyIntroduced',
  ...{ name: 'example.com/log', keyName, vkey: `vkey of ${keyName}`, algorithm: 'ed25519', at },
});
const retired = (keyName: string): AuditKeyEvent => ({ type: 'AuditKeyRetired', vkey: `vkey of ${keyName}`, at });
const local: KeyManagementSettings = { provider: 'local', keyringPath: '/keyring.json' };
const aws = (...names: string[]): KeyManagementSettings =>
  ({
    provider: 'aws',
    signingKeyIds: new Map(names.map((name) => [name, '11111111-1111-4111-8111-111111111111'])),
  }) as unknown as AwsKeyManagementSettings;

describe('the key that signs next', () => {
  it('of a local keyring is the first of audit-1, audit-2, ... that the log has not had', () => {
    expect(nextKeyName(foldAuditKeys([]), local)).toBe('audit-1');
    expect(nextKeyName(foldAuditKeys([introduced('audit-1'), introduced('mine'), retired('mine')]), local)).toBe(
      'audit-2',
    );
  });

  it('of AWS is the one of KMS_SIGNING_KEY_ID that the log has not had', () => {
    expect(nextKeyName(foldAuditKeys([]), aws('audit'))).toBe('audit');
    expect(nextKeyName(foldAuditKeys([introduced('audit')]), aws('audit', 'audit-b'))).toBe('audit-b');
  });

  it('is asked for where there is none, or several to choose from', () => {
    const state = foldAuditKeys([introduced('audit')]);
    expect(() => nextKeyName(state, aws('audit'))).toThrow(/KMS_SIGNING_KEY_ID names no key that the log has not had/);
    expect(() => nextKeyName(state, aws('audit', 'b', 'c'))).toThrow(
      /several new keys \(b, c\): choose one with --key/,
    );
    expect(nextKeyName(state, aws('audit', 'b', 'c'), 'c')).toBe('c');
  });

  it('waits for the end of a rotation that is under way', () => {
    const state = foldAuditKeys([introduced('audit-1'), introduced('audit-2')]);
    for (const asked of [undefined, 'audit-3']) {
      expect(() => nextKeyName(state, local, asked)).toThrow(UsageError);
      expect(() => nextKeyName(state, local, asked)).toThrow('billing audit keys retire audit-1');
    }
  });
});
