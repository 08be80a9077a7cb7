import { request } from 'node:http';

import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
});
afterAll(() => sandbox.discard());

const settle = (headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { host, port } = sandbox.client as { host: string; port: number };
    const sent = request({ host, port, path: '/sandbox/settle', method: 'POST', headers }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode);
      });
    });
    sent.on('error', reject).end();
  });

describe("the sandbox's own routes", () => {
  it('answer programs of this machine', async () => {
    expect(await settle({})).toBe(200);
  });
  it.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a site whose name points at loopback', { host: 'evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
  ])('refuse %s', async (_, headers) => {
    expect(await settle(headers)).toBe(403);
  });
});
