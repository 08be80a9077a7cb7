import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError } from '#platform/configuration';

import type { Ran } from '../testing/run-command.js';
import { runCommand } from '../testing/run-command.js';
import { differences } from './compare.js';
import { pciCommand } from './index.js';
import type { Inventory } from './inventory.js';
import { inventoryFile, readInventory } from './inventory.js';
import { builtPage } from './page.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'billing-pci-'));
  file = join(folder, 'scripts.json');
  copyFileSync(inventoryFile(), file);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): Promise<Ran> => runCommand(pciCommand(), ['scripts', ...args]);
const read = (): Inventory => JSON.parse(readFileSync(file, 'utf8')) as Inventory;
const change = (how: (inventory: Inventory) => void): void => {
  const inventory = read();
  how(inventory);
  writeFileSync(file, JSON.stringify(inventory));
};
const ownOf = ({ scripts }: Inventory) => scripts.find(({ name }) => name === 'checkout.js');

describe('billing pci scripts', () => {
  it('finds that this build serves the scripts that were authorised', async () => {
    expect(await run('check')).toEqual({
      code: 0,
      out: expect.stringContaining('each of its 2 scripts') as string,
      err: '',
    });
  });

  it('ends with 1 and says what differs where a script was changed, until it is authorised', async () => {
    const before = ownOf(read())?.integrity;
    change((inventory) => Object.assign(ownOf(inventory) ?? {}, { integrity: 'sha384-old' }));
    const { code, out } = await run('check', '--inventory', file, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      differences: [{ subject: 'checkout.js' }],
    });
    expect((await run('check', '--inventory', file)).out).toContain('`billing pci scripts update --by NAME`');
    expect((await run('update', '--inventory', file, '--by', 'A Reviewer')).out).toBe(
      'Authorised by A Reviewer: checkout.js.\n',
    );
    expect(ownOf(read())).toMatchObject({ integrity: before, authorisedBy: 'A Reviewer' });
    expect((await run('check', '--inventory', file)).code).toBe(0);
    expect((await run('update', '--inventory', file, '--by', 'B')).out).toBe('Nothing has changed.\n');
  });

  it('ends with 1 where the inventory names another Stripe.js than this build loads, and says what to do by hand', async () => {
    await run('update', '--inventory', file, '--by', 'A Reviewer');
    change(({ scripts }) => {
      const stripe = scripts.find(({ name }) => name === 'Stripe.js');
      Object.assign(stripe ?? {}, { source: 'https://js.stripe.com/another/stripe.js' });
    });
    const { code, out } = await run('check', '--inventory', file);
    expect(code).toBe(1);
    expect(out).toContain('https://js.stripe.com/endive/stripe.js: is loaded and is not in the inventory');
    expect(out).toContain('Stripe.js: (https://js.stripe.com/another/stripe.js) is in the inventory and is not loaded');
    expect(out).toContain('write it into the inventory by hand');
    expect(out).not.toContain('scripts update');
  });

  it('finds a build that loads another Stripe.js than the inventory names', async () => {
    const inventory = readInventory(inventoryFile());
    const own = differences(inventory, await builtPage());
    const another = differences(inventory, await builtPage('https://js.stripe.com/another/stripe.js'));
    expect(another.filter((each) => !own.some(({ subject }) => subject === each.subject))).toMatchObject([
      { subject: 'https://js.stripe.com/another/stripe.js' },
      { subject: 'Stripe.js' },
    ]);
  });

  it('ends as a wrong setting does where there is no inventory', async () => {
    await expect(run('check', '--inventory', join(folder, 'none.json'))).rejects.toThrow(ConfigurationError);
    for (const text of ['not\nan inventory', 'null', '[]']) {
      writeFileSync(join(folder, 'wrong.json'), text);
      const refused = run('check', '--inventory', join(folder, 'wrong.json'));
      await expect(refused).rejects.toThrow(ConfigurationError);
      await expect(refused).rejects.toThrow(/^\S+wrong\.json (is no inventory: it is no JSON|must have page,.*)$/);
    }
  });

  it('are authorised by somebody', async () => {
    expect(await run('update', '--by', ' ')).toMatchObject({ code: 64, out: '' });
  });

  it('refuses an inventory that does not say why a script is needed', async () => {
    change((inventory) => Object.assign(ownOf(inventory) ?? {}, { purpose: '' }));
    await expect(run('check', '--inventory', file)).rejects.toThrow('the script checkout.js lacks purpose');
  });

  it('refuses an address that others on the way could have answered for', async () => {
    expect(await run('check', '--url', 'http://pay.example/checkout/t')).toMatchObject({ code: 64 });
  });

  it('looks at a page as it is served, ends with 69 where it cannot, and never tells the token in its address', async () => {
    const server = createServer((request, response) => {
      const isPage = request.url?.startsWith('/checkout/the-token') ?? false;
      response.end(isPage ? '<script src="/added.js"></script>' : 'alert(1)');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { code, out } = await run('check', '--url', `${address}/checkout/the-token`);
      expect(code).toBe(1);
      expect(out).toContain('/added.js: is loaded and is not in the inventory');
      expect(out).toContain('content-security-policy: is not sent');
      expect(out).not.toContain('the-token');
      const none = await run('check', '--url', `${address}/elsewhere`);
      expect([none.code, none.out]).toEqual([69, '']);
      expect(none.err).toMatch(/^error: .* takes no payment/);
    } finally {
      server.close();
    }
    const gone = await run('check', '--url', `${address}/checkout/the-token`, '--json');
    expect(gone.code).toBe(69);
    expect(JSON.parse(gone.out)).toEqual({ ok: false, error: expect.stringContaining('cannot be fetched') as string });
    expect(gone.out + gone.err).not.toContain('the-token');
  });
});
