import { KeyManagementUnavailable, UnwrapRefused } from '../errors.js';
import { KmsLine } from './kms-line.js';
import { KmsMetrics } from './kms-metrics.js';

const awsError = (name: string, { status = 400, message = 'no' } = {}): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });

const lineOf = (times: Partial<{ tryTimeout_ms: number; callTimeout_ms: number }> = {}) => {
  const told: unknown[] = [];
  const warned: (string | undefined)[] = [];
  const line = new KmsLine({
    tryTimeout_ms: 1_000,
    callTimeout_ms: 5_000,
    ...times,
    metrics: new KmsMetrics(),
    logger: { warn: (...words) => told.push(words), info: (...words) => told.push(words) },
    warnings: { set: (_, message) => warned.push(message) },
  });
  return { line, told, warned };
};

/** Fails with each of `errors` in turn, then answers. */
const failing = (...errors: Error[]) => {
  const attempt = () => {
    attempt.tries += 1;
    const error = errors[attempt.tries - 1];
    return error ? Promise.reject(error) : Promise.resolve('answer');
  };
  attempt.tries = 0;
  return attempt;
};
const forever = (error: Error) => failing(...Array.from({ length: 1_000 }, () => error));
const hanging = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(Object.assign(new Error('aborted'), { name: 'AbortError' })));
  });
const troubleOf = (called: Promise<unknown>) =>
  called.then(
    () => 'none',
    (error: unknown) => (error instanceof KeyManagementUnavailable ? error.trouble : String(error)),
  );

describe('the way to the KMS', () => {
  it.each(['ThrottlingException', 'KMSInternalException', 'DependencyTimeoutException', 'KeyUnavailableException'])(
    'tries again after a passing %s',
    async (name) => {
      const attempt = failing(awsError(name, { status: 500 }), awsError(name, { status: 500 }));
      expect(await lineOf().line.call('Decrypt', attempt)).toBe('answer');
      expect(attempt.tries).toBe(3);
    },
  );

  it('tries four times at most', async () => {
    const attempt = forever(awsError('ThrottlingException'));
    expect(await troubleOf(lineOf().line.call('Decrypt', attempt))).toBe('throttled');
    expect(attempt.tries).toBe(4);
  });

  it.each([
    ['AccessDeniedException', 'no', 'denied'],
    ['NotFoundException', 'no', 'denied'],
    ['InvalidKeyUsageException', 'no', 'denied'],
    ['ExpiredTokenException', 'no', 'denied'],
    ['LimitExceededException', 'no', 'denied'],
    ['DisabledException', 'no', 'disabled'],
    ['KMSInvalidStateException', 'arn:aws:kms:...:key/1 is pending deletion.', 'pending_deletion'],
    ['KMSInvalidStateException', 'arn:aws:kms:...:key/1 is pending import.', 'disabled'],
  ])('asks once where it says %s (%s)', async (name, message, trouble) => {
    const attempt = forever(awsError(name, { message }));
    expect(await troubleOf(lineOf().line.call('Decrypt', attempt))).toBe(trouble);
    expect(attempt.tries).toBe(1);
  });

  it.each(['InvalidCiphertextException', 'IncorrectKeyException'])('takes %s for an answer', async (name) => {
    const { line, told, warned } = lineOf();
    for (let at = 0; at < 20; at += 1)
      await expect(line.call('Decrypt', forever(awsError(name)))).rejects.toThrow(UnwrapRefused);
    expect(line.open).toBe(true);
    expect(told).toEqual([]);
    expect(warned.every((message) => message === undefined)).toBe(true);
  });

  it('asks once for what must not happen twice', async () => {
    const attempt = forever(awsError('KMSInternalException', { status: 500 }));
    await troubleOf(lineOf().line.call('RotateKeyOnDemand', attempt, { once: true }));
    expect(attempt.tries).toBe(1);
  });

  it('bounds each try, and the whole of them', async () => {
    const begun = performance.now();
    const { line } = lineOf({ tryTimeout_ms: 50, callTimeout_ms: 400 });
    let tries = 0;
    const attempt = (signal: AbortSignal) => {
      tries += 1;
      return hanging(signal);
    };
    expect(await troubleOf(line.call('Decrypt', attempt))).toBe('timeout');
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect([2, 3, 4]).toContain(tries);
  });

  it('bounds a try that does not heed its signal', async () => {
    const { line } = lineOf({ tryTimeout_ms: 30, callTimeout_ms: 60 });
    expect(await troubleOf(line.call('Decrypt', () => new Promise<never>(() => undefined)))).toBe('timeout');
  });

  it('sends nothing after five failures in a row, then one call to see, and all of them once it is well', async () => {
    const { line, told, warned } = lineOf();
    const broken = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    await troubleOf(line.call('Decrypt', forever(broken)));
    await troubleOf(line.call('Decrypt', forever(broken)));
    expect(line.open).toBe(false);
    const unsent = failing();
    expect(await troubleOf(line.call('Decrypt', unsent))).toBe('unreachable');
    expect(unsent.tries).toBe(0);
    expect(warned.at(-1)).toContain('the KMS cannot be used just now (unreachable)');
    const until = performance.now() + 5_000;
    while (!line.open && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await troubleOf(line.call('Decrypt', failing()));
    }
    expect(line.open).toBe(true);
    expect(warned.at(-1)).toBeUndefined();
    expect(told).toEqual([
      [{ operation: 'Decrypt', trouble: 'unreachable', name: 'ECONNREFUSED' }, 'the KMS cannot be used just now'],
      [{}, 'the KMS answers again'],
    ]);
  });

  it('is not held for ill because calls have waited so long for their turn that no time was left for a try', async () => {
    const { line } = lineOf({ tryTimeout_ms: 300, callTimeout_ms: 310 });
    const slow = () => new Promise((resolve) => setTimeout(resolve, 200));
    const troubles = await Promise.all(Array.from({ length: 100 }, () => troubleOf(line.call('Decrypt', slow))));
    expect(new Set(troubles)).toEqual(new Set(['none', 'timeout']));
    expect(line.open).toBe(true);
  });

  it('is not held for ill because it throttles, or because of our key', async () => {
    const { line } = lineOf({ callTimeout_ms: 200 });
    for (const name of ['ThrottlingException', 'DisabledException', 'AccessDeniedException'])
      for (let at = 0; at < 3; at += 1) await troubleOf(line.call('Decrypt', forever(awsError(name))));
    expect(line.open).toBe(true);
  });

  it('keeps of a failure its name and text, and nothing that leads to the request', async () => {
    const error = Object.assign(awsError('AccessDeniedException'), { $response: { body: 'secret' } });
    const failure = await lineOf()
      .line.call('Encrypt', forever(error))
      .catch((thrown: unknown) => thrown as Error);
    expect(failure).toMatchObject({ cause: { name: 'AccessDeniedException', message: 'no' } });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('secret');
    expect((failure as Error).cause).not.toHaveProperty('$response');
  });

  it.each([
    ['AccessDeniedException', true],
    ['DisabledException', true],
    ['ExpiredTokenException', false],
    ['CredentialsProviderError', false],
    ['ThrottlingException', false],
  ])('tells a no of the KMS from a call that could not be made or answered: %s', async (name, saidNo) => {
    const { line } = lineOf({ callTimeout_ms: 200 });
    await expect(line.call('Decrypt', forever(awsError(name)))).rejects.toMatchObject({ saidNo });
  });

  it('holds a thousand calls in waiting at most', async () => {
    const { line } = lineOf({ tryTimeout_ms: 100, callTimeout_ms: 100 });
    const calls = Array.from({ length: 1_100 }, () => troubleOf(line.call('Decrypt', hanging)));
    const ends = await Promise.all(calls);
    expect(ends.filter((end) => end === 'throttled')).toHaveLength(50);
    expect(ends.every((end) => ['throttled', 'timeout', 'unreachable'].includes(end))).toBe(true);
  });
});
