import { ConfigurationError } from '#platform/configuration';
import { DirectoryStore, S3Store, openObjectStore } from './index.js';

describe('the store that a setting names', () => {
  it.each([
    ['/var/audit/log', 'directory /var/audit/log'],
    ['/var/audit/log/', 'directory /var/audit/log'],
  ])('is a folder: %s', (location, name) => {
    const store = openObjectStore(location, { retention: { years: 7 }, published: true });
    expect(store).toBeInstanceOf(DirectoryStore);
    expect(store.name).toBe(name);
  });

  it.each([
    ['s3://audit-log', 's3://audit-log'],
    ['s3://audit-log/', 's3://audit-log'],
    ['s3://audit-log/billing/eu.1', 's3://audit-log/billing/eu.1'],
    ['s3://audit-log/billing/', 's3://audit-log/billing'],
  ])('is a bucket: %s', (location, name) => {
    const store = openObjectStore(location, { retention: { years: 7 } });
    expect(store).toBeInstanceOf(S3Store);
    expect(store.name).toBe(name);
  });

  it.each([
    ...[
      '',
      's3://',
      's3:///prefix',
      's3://Audit',
      's3://ab',
      's3://audit-log//a',
      's3://audit-log/../a',
      's3://audit-log/a b',
    ],
    ...[
      `s3://audit-log/${'a'.repeat(201)}`,
      'https://audit-log.s3.amazonaws.com',
      'file:///var/audit',
      'S3://audit-log',
    ],
  ])('is neither: %j', (location) => {
    expect(() => openObjectStore(location)).toThrow(ConfigurationError);
  });

  it('is not told of in the refusal, which may hold credentials', () => {
    expect(() => openObjectStore('s3://key:secret@audit-log/a')).toThrow(
      'it must be the path of a folder or s3://bucket/prefix, and the prefix of [A-Za-z0-9._/-]',
    );
  });
});
