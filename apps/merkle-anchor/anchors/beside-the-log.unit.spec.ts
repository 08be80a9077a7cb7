import { anchorsBesideLog } from './beside-the-log.js';

const told = (
  log: string,
  anchors: string[],
  environment: 'production' | 'test' = 'production',
  witnessesFile?: string,
) =>
  anchorsBesideLog({
    environment,
    audit: { origin: 'example.com/audit', checkpointMs: 1_000, log, anchors, witnessesFile },
  });

it.each([
  ['/data/audit/log', ['/data/audit/anchor']],
  ['/data/audit/log', ['/data/audit/a', '/data/audit/b/c']],
  ['s3://audit/log', ['s3://audit/anchor']],
])('production is told that the log %s and its anchors %j are in one hand', (log, anchors) => {
  expect(told(log, anchors)).toContain('set AUDIT_ANCHORS');
  expect(told(log, anchors, 'test')).toBeUndefined();
  expect(told(log, anchors, 'production', '/etc/witnesses')).toBeUndefined();
});

it.each([
  ['/data/audit/log', ['/data/audit/anchor', '/mnt/worm']],
  ['/log', ['/anchor/here']],
  ['s3://audit/log', ['s3://audit-anchor/billing']],
  ['/data/audit/log', ['s3://audit-anchor']],
  ['s3://audit', ['/mnt/worm']],
])('with the log %s, anchors at %j are taken as they are', (log, anchors) => {
  expect(told(log, anchors)).toBeUndefined();
});
