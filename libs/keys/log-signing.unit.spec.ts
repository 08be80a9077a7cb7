import { KeyUseDenied } from './errors.js';
import { LogSigning } from './log-signing.js';
import { KmsInMemory } from './testing/kms-in-memory.js';
import { whoMayDecrypt } from './who-may-decrypt.js';
import type { KeyUser } from './who-may-decrypt.js';

it.each(Object.keys(whoMayDecrypt) as KeyUser[])(
  '%s signs the audit log, or looks at its keys, as the table says',
  async (app) => {
    const kms = new KmsInMemory();
    const signing = new LogSigning({ app, kms });
    const may = async (work: Promise<unknown>) =>
      !((await work.catch((error: unknown) => error)) instanceof KeyUseDenied);
    expect(await may(signing.sign('audit-1', Buffer.from('x')))).toBe(app === 'merkle-anchor');
    expect(await may(signing.signingKey('audit-1'))).toBe(['merkle-anchor', 'operator'].includes(app));
    if (!['merkle-anchor', 'operator'].includes(app)) expect(kms.asked).toEqual([]);
  },
);
