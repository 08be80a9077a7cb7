import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  QuorumMissing,
  formatVerifierKey,
  missingWitnesses,
  openCheckpoint,
  parseTrustPolicy,
  requireQuorum,
} from '#audit';
import { createMetrics } from '#platform/metrics';

import { signerOf, witnessOf } from '../../../libs/audit/testing/keys.js';
import type { TestWitness } from '../../../test/witness/index.js';
import { hashOf, startWitness } from '../../../test/witness/index.js';
import type { OpenedWitnesses } from './index.js';
import { WitnessedFork, openWitnesses, witnessMetrics } from './index.js';
import { GrowingLog, identity, origin } from './testing/growing-log.js';

const waits = { timeoutMs: 1_500, withinMs: 3_000, graceMs: 150 };

let folder: string;
const running: TestWitness[] = [];
const servers: Server[] = [];
const opened: OpenedWitnesses[] = [];
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'witnesses-'));
});
afterEach(async () => {
  for (const each of opened.splice(0)) each.close();
  for (const each of running.splice(0)) await each.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rm(folder, { recursive: true }));

const witness = async (name: string, options: { directory?: string; port?: number } = {}): Promise<TestWitness> => {
  files += 1;
  const directory = options.directory ?? join(folder, `${name}-${String(files)}`);
  const started = await startWitness({ ...options, directory, name, logs: [identity] });
  running.push(started);
  return started;
};

/** Something that answers as it likes where a witness should be. */
const anything = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
};

const openPolicy = async (...lines: string[]): Promise<OpenedWitnesses & { told: () => Promise<string> }> => {
  files += 1;
  const policyFile = join(folder, `policy-${String(files)}`);
  await writeFile(policyFile, `${lines.join('\n')}\n`);
  const metrics = createMetrics('spec');
  const witnesses = await openWitnesses({ policyFile, origin, observer: witnessMetrics(metrics), waits });
  opened.push(witnesses);
  const told = async () => {
    const text = await metrics.metrics();
    return text
      .split('\n')
      .filter((line) => line.startsWith('billing_audit_witness'))
      .join('\n');
  };
  return Object.assign(witnesses, { told });
};

const twoOf = (...those: TestWitness[]): string[] => {
  const names = those.map(({ key }) => key.name).join(' ');
  return [...those.map(({ policyLine }) => policyLine), `group all-of-them 2 ${names}`, 'quorum all-of-them'];
};

describe('the witnesses of a checkpoint', () => {
  it('cosign it, at first from nothing and then from where they are; what they sign verifies under the policy', async () => {
    const [w1, w2, w3] = [await witness('w1'), await witness('w2'), await witness('w3')];
    const witnesses = await openPolicy(...twoOf(w1, w2, w3));
    const log = new GrowingLog();
    const { quorum } = parseTrustPolicy(twoOf(w1, w2, w3).join('\n'));
    expect(missingWitnesses(quorum, new Set())).toBe(2);
    for (const by of [0, 1, 300, 0, 7]) {
      const note = await log.grow(by).cosignedBy(witnesses);
      const checkpoint = openCheckpoint(note, identity);
      expect(checkpoint.size).toBe(log.log.head().size);
      const cosigned = requireQuorum(checkpoint.note, { witnesses: [w1.key, w2.key, w3.key], quorum: 3 });
      expect(cosigned.map(({ witness: name }) => name)).toEqual(['w1', 'w2', 'w3']);
    }
    expect(w1.answers).toEqual([200, 200, 200, 200, 200]);
    expect(await w1.latest(origin)).toContain(`${origin}\n308\n`);
  });

  it('are found where they are after a restart of ours, by their 409', async () => {
    const w1 = await witness('w1');
    const policy = [w1.policyLine, 'quorum w1'];
    const log = new GrowingLog().grow(20);
    await log.cosignedBy(await openPolicy(...policy));
    await log.cosignedBy(await openPolicy(...policy));
    await log.grow(30).cosignedBy(await openPolicy(...policy));
    expect(w1.answers).toEqual([200, 409, 200, 409, 200]);
  });

  it('are asked again from an older size when one of them was restored from a backup', async () => {
    const directory = join(folder, 'restored');
    const w1 = await witness('w1', { directory });
    const log = new GrowingLog();
    const witnesses = await openPolicy(w1.policyLine, 'quorum w1');
    await log.grow(10).cosignedBy(witnesses);
    const before = await w1.latest(origin);
    await log.grow(10).cosignedBy(witnesses);
    await w1.stop();
    await writeFile(join(directory, hashOf(origin)), String(before));
    const back = await witness('w1', { directory, port: w1.port });
    await log.grow(10).cosignedBy(witnesses);
    expect(back.answers).toEqual([409, 200]);
  });

  it('may be absent as far as the quorum allows; one more delays the checkpoint, by name, until it is back, and nothing forks', async () => {
    const directory = join(folder, 'w2-away');
    const [w1, w2, w3] = [await witness('w1'), await witness('w2', { directory }), await witness('w3')];
    const witnesses = await openPolicy(...twoOf(w1, w2, w3));
    const log = new GrowingLog().grow(5);
    await log.cosignedBy(witnesses);
    await w3.stop();
    expect(await log.grow(5).cosignedBy(witnesses)).toContain('\u2014 w2 ');
    await w2.stop();
    const delayed = log.grow(5).cosignedBy(witnesses);
    await expect(delayed).rejects.toThrow(QuorumMissing);
    await expect(delayed).rejects.toThrow(
      /^1 of the 2 needed witnesses cosigned \(w1\); w2: no connection \(\w+\); w3: no connection/,
    );
    expect(await witnesses.told()).toMatch(/answers_total\{witness="w2",outcome="unreachable",app="spec"\} 1/);
    expect(await witnesses.told()).toMatch(/witness_size\{witness="w1",app="spec"\} 15/);

    const back = await witness('w2', { directory, port: w2.port });
    const note = await log.grow(5).cosignedBy(witnesses);
    expect(openCheckpoint(note, identity).size).toBe(20);
    expect(back.answers).toEqual([200]);
    expect(w1.answers).toEqual([200, 200, 200, 200]);
  });

  it('do not hold up a checkpoint when one of them is slow, nor the next ones', async () => {
    const [w1, slow] = [await witness('w1'), await witness('slow')];
    const witnesses = await openPolicy(w1.policyLine, slow.policyLine, 'quorum w1');
    slow.holdUp = () => sleep(waits.timeoutMs);
    const log = new GrowingLog();
    const began = performance.now();
    for (let at = 0; at < 3; at += 1) expect(await log.grow(9).cosignedBy(witnesses)).toContain('\u2014 w1 ');
    expect(performance.now() - began).toBeLessThan(3 * waits.timeoutMs); // as it would take, had each waited for the slow one
    slow.holdUp = () => Promise.resolve();
    let note = '';
    // Once what it was asked last has ended.
    for (const until = Date.now() + 10_000; !note.includes('\u2014 slow ') && Date.now() < until; await sleep(20))
      note = await log.grow(9).cosignedBy(witnesses);
    expect(note).toContain('\u2014 slow ');
  });
});

describe('a witness that has seen another tree', () => {
  it.each([
    ['the same size', 20, 'other_root'],
    ['a smaller one, that ours does not extend', 12, 'other_root'],
    ['a larger one', 21, 'ahead'],
  ])('of %s stops us, whatever the others say', async (_, theirSize, kind) => {
    const [honest, w2] = [await witness('honest'), await witness('w2')];
    const secret = new GrowingLog(1).grow(theirSize);
    await secret.cosignedBy(await openPolicy(w2.policyLine, 'quorum w2'));
    const witnesses = await openPolicy(honest.policyLine, w2.policyLine, 'quorum honest');
    const stopped = new GrowingLog().grow(20).cosignedBy(witnesses);
    await expect(stopped).rejects.toThrow(WitnessedFork);
    await expect(stopped).rejects.toMatchObject({ witness: 'w2', kind, theirs: theirSize, ours: 20 });
    expect(await witnesses.told()).toContain('answers_total{witness="w2",outcome="forked",app="spec"} 1');
    expect(await w2.latest(origin)).toContain(`${origin}\n${String(theirSize)}\n`);
  });

  it.each([
    ['409 without a size, as omniwitness', 409, ''],
    ['409 with the size again, as some have done', 409, '20\n'],
    ['422, as the specification has it', 422, ''],
  ])('of the same size says so by %s', async (_, status, text) => {
    let asked = 0;
    const type = { 'content-type': 'text/x.tlog.size' };
    const url = await anything((__, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(409, type).end('20\n');
      else response.writeHead(status, text === '' ? {} : type).end(text);
    });
    const witnesses = await openPolicy(`witness w1 ${formatVerifierKey(witnessOf('w1').key)} ${url}`, 'quorum w1');
    const stopped = new GrowingLog().grow(20).cosignedBy(witnesses);
    await expect(stopped).rejects.toMatchObject({ code: 'witnessed_fork', kind: 'other_root', theirs: 20 });
  });

  it('stops us with the next checkpoint when it says so too late for this one', async () => {
    const [quick, slow] = [await witness('quick'), await witness('slow')];
    await new GrowingLog(1).grow(5).cosignedBy(await openPolicy(slow.policyLine, 'quorum slow'));
    slow.holdUp = () => sleep(200);
    const witnesses = await openPolicy(quick.policyLine, slow.policyLine, 'quorum quick');
    const log = new GrowingLog().grow(20);
    const told = slow.answers.length + 2; // where it is, and that this does not follow
    await log.cosignedBy(witnesses);
    for (const until = Date.now() + 10_000; slow.answers.length < told && Date.now() < until;) await sleep(5);
    const goesOn = async (): Promise<void> => {
      for (const until = Date.now() + 10_000; Date.now() < until;) await log.grow(1).cosignedBy(witnesses);
    };
    await expect(goesOn()).rejects.toThrow(WitnessedFork); // once its answers have come to us
  });

  it.each([
    ['has reached meanwhile is this log, as another anchor has shown it, and stops nobody', 5, 16],
    ['has not reached stops us, also when it says so too late for this one', 50, undefined],
  ])('that is larger than ours, and that ours %s', async (_, by, cosigned) => {
    const [quick, slow] = [await witness('quick'), await witness('slow')];
    const witnesses = await openPolicy(quick.policyLine, slow.policyLine, 'quorum quick');
    const [log, shown] = [new GrowingLog().grow(10), new GrowingLog().grow(10)];
    const held = Promise.withResolvers<undefined>();
    slow.holdUp = () => held.promise;
    await log.cosignedBy(witnesses); // by the quick one alone: the other has not answered yet
    slow.holdUp = () => Promise.resolve();
    await shown.grow(by).cosignedBy(await openPolicy(slow.policyLine, 'quorum slow'));
    held.resolve(undefined);
    for (const until = Date.now() + 2_000; slow.answers.length < 2 && Date.now() < until;) await sleep(5);
    await sleep(20); // its answer is on its way
    expect(slow.answers).toEqual([200, 409]);
    const next = log.grow(6).cosignedBy(witnesses);
    if (cosigned === undefined) await expect(next).rejects.toMatchObject({ kind: 'ahead', theirs: 60 });
    else expect(openCheckpoint(await next, identity).size).toBe(cosigned);
    const forked = 'answers_total{witness="slow",outcome="forked",app="spec"} 1';
    expect((await witnesses.told()).includes(forked)).toBe(cosigned === undefined);
  });

  it('is how two readers find out who were shown two forks: only one of them can have its cosignature', async () => {
    const shared = await witness('shared');
    const policy = [shared.policyLine, 'quorum shared'];
    const [ours, theirs] = [new GrowingLog().grow(50), new GrowingLog(1).grow(50)];
    const shown = await ours.cosignedBy(await openPolicy(...policy));
    await expect(theirs.cosignedBy(await openPolicy(...policy))).rejects.toThrow(WitnessedFork);
    const trust = { witnesses: [shared.key], quorum: 1 };
    expect(requireQuorum(openCheckpoint(shown, identity).note, trust)).toHaveLength(1);
    const other = await theirs.signed();
    expect(() => requireQuorum(openCheckpoint(other, identity).note, trust)).toThrow(QuorumMissing);
    const there = await fetch(`${shared.url}/${hashOf(origin)}/checkpoint`);
    expect(openCheckpoint(await there.text(), identity).root).toEqual(ours.log.head().root);
  });
});

describe('what is no witness', () => {
  const stranger = witnessOf('w1');
  const size = { 'content-type': 'text/x.tlog.size' };
  let asked = 0;
  const answers: [string, RequestListener, string][] = [
    ['403', (_, response) => response.writeHead(403).end(), 'tell its operator the vkey'],
    ['404', (_, response) => response.writeHead(404).end(), 'it does not know this log (404)'],
    ['422 to a first checkpoint', (_, response) => response.writeHead(422).end(), 'it answers 422'],
    ['a redirect', (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(), 'it answers 307'],
    ['500', (_, response) => response.writeHead(500).end(), 'it answers 500'],
    ['nothing', () => undefined, `no answer within ${waits.timeoutMs} ms`],
    [
      'half of an answer',
      (_, response) => response.writeHead(200).write('\u2014 w1'),
      `no answer within ${waits.timeoutMs} ms`,
    ],
    ['a cut connection', (_, response) => response.destroy(), 'no connection'],
    ['no signature', (_, response) => response.end(), 'cannot be used'],
    ['garbage', (_, response) => response.end(Buffer.from([255, 10, 0])), 'cannot be used'],
    ['a web page', (_, response) => response.end('<html>\n\n\u2014 w1 AAAAAAAA\n'), 'more than signature lines'],
    ['a signature of a stranger', (_, response) => response.end('\u2014 w9 AAAAAAAA\n'), 'holds no cosignature of w1'],
    ['an answer without end', (_, response) => response.end('x'.repeat(200_000)), 'more than 65536 bytes'],
    ['409 without a size', (_, response) => response.writeHead(409, size).end('many\n'), 'does not tell a size'],
    ['409 of another type', (_, response) => response.writeHead(409).end('7\n'), 'does not tell a size'],
    ['409 with the old size', (_, response) => response.writeHead(409, size).end('0\n'), 'refuses the size'],
    [
      'another size each time',
      (_, response) => response.writeHead(409, size).end(`${String((asked = (asked % 9) + 1))}\n`),
      'another size with every answer',
    ],
  ];

  it.each(answers)('is absent: %s', async (_, listener, message) => {
    const url = await anything(listener);
    const witnesses = await openPolicy(`witness w1 ${formatVerifierKey(stranger.key)} ${url}/prefix/`, 'quorum w1');
    const began = performance.now();
    const delayed = new GrowingLog().grow(20).cosignedBy(witnesses);
    await expect(delayed).rejects.toThrow(QuorumMissing);
    await expect(delayed).rejects.toThrow(message);
    expect(performance.now() - began).toBeLessThan(3 * waits.withinMs); // nobody waits for ever
  });

  it.each([
    [
      'of another text',
      (note: string) => stranger.cosign(note.replace('\n20\n', '\n21\n'), 1_800_000_000n),
      'not one of',
    ],
    ['without a time', (note: string) => stranger.cosign(note, 0n), 'has no time'],
    ['from the future', (note: string) => stranger.cosign(note, 4_000_000_000n), 'from the future'],
  ])('and a cosignature %s does not count', async (_, cosign, message) => {
    const url = await anything((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const note = body.slice(body.indexOf('\n\n') + 2);
        response.end(`${cosign(note).trimEnd().split('\n').at(-1) ?? ''}\n`);
      });
    });
    const witnesses = await openPolicy(`witness w1 ${formatVerifierKey(stranger.key)} ${url}`, 'quorum w1');
    await expect(new GrowingLog().grow(20).cosignedBy(witnesses)).rejects.toThrow(message);
  });

  it('is asked where the prefix says, with what the specification says', async () => {
    const requests: string[] = [];
    const url = await anything((request, response) => {
      request.on('data', (chunk: Buffer) =>
        requests.push(`${String(request.method)} ${String(request.url)}\n${chunk.toString()}`),
      );
      request.on('end', () => {
        if (requests.length === 1) response.writeHead(409, size).end('4\n');
        else response.writeHead(403).end();
      });
    });
    const witnesses = await openPolicy(`witness w1 ${formatVerifierKey(stranger.key)} ${url}/a/prefix/`, 'quorum w1');
    await expect(new GrowingLog().grow(6).cosignedBy(witnesses)).rejects.toThrow(QuorumMissing);
    expect(requests).toHaveLength(2);
    expect(requests[0]).toMatch(/^POST \/a\/prefix\/add-checkpoint\nold 0\n\naudit\.example\.com\/billing\n6\n/);
    expect(requests[1]).toMatch(/^POST \S+\nold 4\n[A-Za-z0-9+/]{43}=\n\naudit\.example\.com\/billing\n6\n/);
  });
});

describe('the policy of a log', () => {
  const vkey = formatVerifierKey(witnessOf('w1').key);
  const other = formatVerifierKey(signerOf('elsewhere.example.com', 2).key);
  it.each(
    [
      [`witness w1 ${vkey} http://w.example.com\nquorum w1`, 'line 1: the URL must be https, except for this machine'],
      [`witness w1 ${vkey} ftp://w.example.com\nquorum w1`, 'line 1: the URL is not https://HOST/PREFIX'],
      [`witness w1 ${vkey} https://me:secret@w.example.com\nquorum w1`, 'line 1: the URL must hold no login'],
      [`witness w1 ${vkey} https://w.example.com/?a=b\nquorum w1`, 'line 1: the URL is a prefix'],
      [`\nwitness w1 ${vkey}\nquorum w1`, 'line 2: the quorum needs witnesses that have no URL here'],
      [
        `log ${other}\nwitness w1 ${vkey} https://w.example.com\nquorum w1`,
        `line 1: no log of the policy is ${origin}`,
      ],
      ['quorum w1', 'line 1: no witness or group `w1`'],
    ].map(([text, message]) => [message, text] as const),
  )('is refused with the file and the %s', async (message, text) => {
    const opening = openPolicy(String(text));
    await expect(opening).rejects.toThrow(/^AUDIT_WITNESSES: \S+policy-\d+: /);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.not.toThrow('secret');
  });

  it('is a file that can be read', async () => {
    const policyFile = join(folder, 'nowhere');
    const opening = openWitnesses({ policyFile, origin, observer: witnessMetrics(createMetrics('spec')), waits });
    await expect(opening).rejects.toThrow(`AUDIT_WITNESSES: ${policyFile} cannot be read (ENOENT)`);
  });

  it('may ask for nobody: then a checkpoint stays as it is, and nobody is waited for', async () => {
    const log = new GrowingLog().grow(3);
    const note = await log.signed();
    const none = await openWitnesses({
      policyFile: undefined,
      origin,
      observer: witnessMetrics(createMetrics('spec')),
    });
    expect(await log.cosignedBy(none)).toBe(note);
    expect(await log.cosignedBy(await openPolicy('quorum none'))).toBe(note);
  });
});
