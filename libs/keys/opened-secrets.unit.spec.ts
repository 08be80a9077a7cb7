import type { KeyManagementTrouble } from './errors.js';
import { KeyManagementUnavailable, UnwrapRefused } from './errors.js';
import { openedFor, OpenedSecrets } from './opened-secrets.js';

const noon = Date.parse('2026-11-01T12:00:00Z');
const after = (seconds: number) => new Date(noon + seconds * 1_000);
const stored = { name: 'connect/1', ciphertext: 'k1.x' };

describe('a secret that the KMS has opened', () => {
  let secrets: OpenedSecrets;
  let asked: number;
  let trouble: Error | undefined;
  const open = (seconds: number, text = stored) =>
    secrets.open(text, after(seconds), () => {
      asked += 1;
      return trouble ? Promise.reject(trouble) : Promise.resolve(`whsec_${asked}`);
    });
  beforeEach(async () => {
    secrets = new OpenedSecrets();
    [asked, trouble] = [0, undefined];
    await open(0);
  });

  it('is opened again after five minutes, and not before', async () => {
    expect(await open(300)).toBe('whsec_1');
    expect(asked).toBe(1);
    expect(await open(301)).toBe('whsec_2');
    expect(await open(601)).toBe('whsec_2');
    expect(asked).toBe(2);
  });

  it('is opened again at once where another text is stored', async () => {
    expect(await open(1, { ...stored, ciphertext: 'k1.y' })).toBe('whsec_2');
  });

  it.each(['unreachable', 'timeout', 'throttled'] as const)(
    'is used on for an hour more while the KMS is away (%s), which is asked every half a minute at most',
    async (what) => {
      trouble = new KeyManagementUnavailable(what);
      for (const seconds of [301, 305, 331, 332, 3_900]) expect(await open(seconds)).toBe('whsec_1');
      expect(asked).toBe(4);
      await expect(open(3_901)).rejects.toBe(trouble);
      trouble = undefined;
      expect(await open(3_902)).toMatch(/^whsec_/);
    },
  );

  it.each([1, 5, 60])('that is used for %i minutes has its hour beyond them', async (minutes) => {
    secrets = new OpenedSecrets(openedFor(minutes));
    await open(0);
    trouble = new KeyManagementUnavailable('timeout');
    for (const seconds of [1, 3_600]) expect(await open(minutes * 60 + seconds)).toBe('whsec_2');
    await expect(open(minutes * 60 + 3_601)).rejects.toBe(trouble);
  });

  it('is used on where the clock is set back while the KMS is away, for as long as time passes', async () => {
    let uptimeMs = 0;
    secrets = new OpenedSecrets(undefined, () => uptimeMs);
    await open(0);
    trouble = new KeyManagementUnavailable('unreachable');
    for (const passed of [400, 3_900]) {
      uptimeMs = passed * 1_000;
      expect(await open(-86_400)).toBe('whsec_2');
    }
    uptimeMs = 3_901_000;
    await expect(open(-86_400)).rejects.toBe(trouble);
  });

  it.each(['denied', 'disabled', 'pending_deletion'] as KeyManagementTrouble[])(
    'is forgotten at once where the KMS says no (%s), also while it is used on',
    async (what) => {
      trouble = new KeyManagementUnavailable('unreachable');
      expect(await open(301)).toBe('whsec_1');
      trouble = new KeyManagementUnavailable(what);
      await expect(open(332)).rejects.toBe(trouble);
      trouble = new KeyManagementUnavailable('unreachable');
      await expect(open(333)).rejects.toBe(trouble);
    },
  );

  it('is used on where there were no credentials to ask with', async () => {
    trouble = new KeyManagementUnavailable('denied', { saidNo: false });
    expect(await open(301)).toBe('whsec_1');
  });

  it('is forgotten where its text does not open any more, and where it is not stored any more', async () => {
    secrets.keep([stored.name]);
    expect(await open(1)).toBe('whsec_1');
    secrets.keep([]);
    expect(await open(2)).toBe('whsec_2');
    trouble = new UnwrapRefused();
    await expect(open(400)).rejects.toBe(trouble);
    trouble = new KeyManagementUnavailable('unreachable');
    await expect(open(401)).rejects.toBe(trouble);
  });
});
