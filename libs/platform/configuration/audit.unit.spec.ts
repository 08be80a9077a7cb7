import { readAuditSettings } from './audit.js';
import { ConfigurationError } from './configuration-error.js';

const read = (environment: NodeJS.ProcessEnv) => readAuditSettings(environment, '/var/billing');

describe('the settings of the audit log', () => {
  it('have a default each outside of production', () => {
    expect(read({ AUDIT_LOG: '', AUDIT_WITNESSES: '' })).toEqual({
      origin: 'localhost/billing-audit',
      log: '/var/billing/audit/log',
      anchors: ['/var/billing/audit/anchor'],
      checkpointMs: 1_000,
      witnessesFile: undefined,
    });
  });

  it('may be folders and buckets', () => {
    const settings = read({
      BILLING_ENV: 'production',
      AUDIT_ORIGIN: 'billing.example.com:8443/audit',
      AUDIT_LOG: 's3://billing-audit/log/',
      AUDIT_ANCHORS: '/mnt/worm, s3://billing-anchor',
      AUDIT_CHECKPOINT_MS: '250',
      AUDIT_WITNESSES: '/etc/witnesses',
    });
    expect(settings).toEqual({
      origin: 'billing.example.com:8443/audit',
      log: 's3://billing-audit/log',
      anchors: ['/mnt/worm', 's3://billing-anchor'],
      checkpointMs: 250,
      witnessesFile: '/etc/witnesses',
    });
  });

  it.each([
    [{ BILLING_ENV: 'production' }, 'AUDIT_ORIGIN is needed in production'],
    [{ AUDIT_ORIGIN: 'https://billing.example.com' }, 'AUDIT_ORIGIN must be'],
    [{ AUDIT_ORIGIN: 'billing example' }, 'AUDIT_ORIGIN must be'],
    [{ AUDIT_ORIGIN: 'billing+audit' }, 'AUDIT_ORIGIN must be'],
    [{ AUDIT_LOG: 'https://example.com' }, 'AUDIT_LOG must be'],
    [{ AUDIT_LOG: 's3://B' }, 'AUDIT_LOG must be'],
    [{ AUDIT_ANCHORS: ',' }, 'AUDIT_ANCHORS must be 1 to 8'],
    [{ AUDIT_ANCHORS: '/a,/a' }, 'names a place twice'],
    [{ AUDIT_LOG: '/a', AUDIT_ANCHORS: '/a' }, 'must not name the place of AUDIT_LOG'],
    [{ AUDIT_LOG: 's3://bucket/a', AUDIT_ANCHORS: 's3://bucket/a/anchor' }, 'must not name the place of AUDIT_LOG'],
    [{ AUDIT_CHECKPOINT_MS: '99' }, 'AUDIT_CHECKPOINT_MS must be'],
    [{ AUDIT_CHECKPOINT_MS: '1e3' }, 'AUDIT_CHECKPOINT_MS must be'],
    [{ AUDIT_CHECKPOINT_MS: '3600001' }, 'AUDIT_CHECKPOINT_MS must be'],
  ])('refuse %j', (environment, message) => {
    expect(() => read(environment)).toThrow(ConfigurationError);
    expect(() => read(environment)).toThrow(message);
  });
});
