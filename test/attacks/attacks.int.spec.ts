import type { ActionName, NamedAction } from '#access';
import { scopesByRole } from '#access';
import type { Grants } from '#access/producers';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { RunningApi, TestTenant } from '../../apps/api/testing/running-api.js';
import { startApi } from '../../apps/api/testing/running-api.js';
import { newSigner } from '../../apps/command-worker/testing/running-worker.js';
import type { Wanted } from '../../apps/command-worker/testing/signed-record.js';
import { signedRecord } from '../../apps/command-worker/testing/signed-record.js';
import type { CommandAttack, Services } from './command-attacks.js';
import { commandActions, rejectedCommands, unsignedCommands, wantedOf } from './command-attacks.js';
import type { OpenDesk } from './desk.js';
import { openDesk } from './desk.js';
import { Forge } from './forge.js';
import { hostileLinks } from './hostile-links.js';
import type { HostileToken } from './hostile-tokens.js';
import { hostileTokens } from './hostile-tokens.js';
import type { Attack } from './http-attacks.js';
import {
  attackWith,
  attacksOn,
  disguises,
  everything,
  guardedRoutes,
  linkedRoutes,
  roles,
  sendTo,
} from './http-attacks.js';
import { Tally, spread } from './tally.js';
import { written } from './written.js';
import type { Sample, World } from './world.js';
import { createWorld, samplesOf } from './world.js';

/** Requests that are under way at once. */
const width = 16;

const tally = new Tally();
/** Where hostile tokens say that their keys are. */
const asked: string[] = [];
const trap = createServer((request, answer) => {
  asked.push(String(request.url));
  answer.end('{}');
});
let trapUrl: string;
let api: RunningApi;
let forge: Forge;
let world: World;
let other: TestTenant;
let before: unknown;
let desk: OpenDesk;
let services: Services;

beforeAll(async () => {
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys.json`;
  api = await startApi({ readModels: true });
  forge = await Forge.open(api.dataDirectory);
  [world, other] = await Promise.all([createWorld(api), api.tenant()]);
  desk = await openDesk(api.database, api.dataDirectory);
  services = await registered();
  before = await written(api.database);
}, 30_000);
afterAll(async () => {
  await desk?.close();
  await api?.close();
  await new Promise((resolve) => trap.close(resolve));
}, 30_000);

const registered = async (): Promise<Services> => {
  const service = (name: string, grants: Grants) => newSigner(api.database, name, grants);
  const tenants = [world.owner.id, other.id, world.suspended];
  const elsewhere = await service('elsewhere', { tenants: [other.id], scopes: ['billing:read', 'billing:write'] });
  return {
    shop: await service('shop', { tenants, scopes: ['billing:read', 'billing:write'] }),
    reader: await service('reader', { tenants, scopes: ['billing:read'] }),
    elsewhere,
    stranger: { ...elsewhere, name: 'stranger', privateKey: forge.theirs.privateKey, kid: randomUUID() },
  };
};

const sampleOf = (name: ActionName): Sample => {
  const sample = samplesOf(world)[name];
  if (!sample) throw new Error(`${name} has no sample in test/attacks/world.ts: add a request that would do it`);
  return sample;
};

describe('every route', () => {
  it('has a sample, with which its rightful caller would get in', () => {
    expect(guardedRoutes.map(({ name }) => [name, sampleOf(name)])).toHaveLength(38);
  });

  /** Tries attacks, as many at once as may be, and holds that each is answered as it should be. */
  const tryAll = (attacks: readonly (readonly [NamedAction, Attack])[]) =>
    spread(attacks, width, async ([action, attack]) => {
      const reply = await sendTo(api.url, action, sampleOf(action.name), attack);
      tally.onRoute(String(action.route));
      const { status, code = reply.json.code, challenge = /^/ } = attack;
      const what = `${action.route}, ${attack.name}`;
      const seen = {
        what,
        status: reply.status,
        code: reply.json.code,
        type: reply.json.type,
        challenged: challenge.test(reply.headers.get('www-authenticate') ?? ''),
        // What is refused names none of it.
        leaks: [attack.token, world.owner.token].some((secret) => secret !== '' && reply.text.includes(secret)),
      };
      const type = `urn:billing-service:problem:${code}`;
      expect(seen).toEqual({ what, status, code, type, challenged: true, leaks: false });
    });

  it('refuses every hostile token: none, unsigned, forged, with keys of its own, stale, of others, without its certificate', async () => {
    const ofOwn = await hostileTokens(forge, { roles, tenant_id: world.owner.id }, trapUrl);
    const ofPlatform = await hostileTokens(forge, { roles: ['platform_admin'] }, trapUrl);
    const tokensFor = ({ tenancy }: NamedAction): HostileToken[] => (tenancy === 'own' ? ofOwn : ofPlatform);
    await tryAll(
      guardedRoutes.flatMap((action) => tokensFor(action).map((token) => [action, attackWith(token)] as const)),
    );
    expect(asked).toEqual([]);
  }, 60_000);

  it('refuses good tokens that give no right to it: another scope, no or a stale second factor, another or a suspended tenant', async () => {
    const tenants = { owner: world.owner.id, other: other.id, suspended: world.suspended };
    const attacks = await Promise.all(
      guardedRoutes.map(async (action) =>
        (await attacksOn(forge, action, tenants)).map((attack) => [action, attack] as const),
      ),
    );
    await tryAll(attacks.flat());
  }, 60_000);

  it('is the same route however its path is written and whether it is asked for its head alone: nobody gets in without a token', async () => {
    const asks = guardedRoutes.flatMap((action) => {
      const [method = '', pattern = ''] = String(action.route).split(' ');
      const path = pattern.replace(':id', sampleOf(action.name).id ?? '');
      const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
      return methods.flatMap((each) =>
        [path, ...disguises(path)].map((as) => ({ route: action.route, method: each, as })),
      );
    });
    await spread(asks, width, async ({ route, method, as }) => {
      const { status } = await fetch(`${api.url}${as}`, { method });
      tally.onRoute(String(route));
      expect([method, as, status]).toEqual([method, as, status === 401 ? 401 : 404]);
    });
  });

  it('is open to those roles alone to which the table gives it', async () => {
    // A body that no route takes: who gets as far as that is let in, and nothing is written.
    const cases = guardedRoutes.flatMap((action) => roles.map((role) => ({ action, role })));
    await spread(cases, width, async ({ action, role }) => {
      const bound = role === 'tenant_admin' || action.tenancy === 'own';
      const token = await forge.sign({ roles: [role], ...(bound && { tenant_id: world.owner.id }) });
      const { id } = sampleOf(action.name);
      const reply = await sendTo(api.url, action, { id, body: { unknownField: 1 } }, { token });
      const [scopes, given] = [[action.scopes].flat() as string[], scopesByRole[role] as readonly string[]];
      const may = given.some((scope) => scopes.includes(scope)) && !(action.tenancy === 'platform' && bound);
      const outcome = may ? (action.effect === 'reads' ? 200 : 400) : 403;
      expect([action.name, role, reply.status]).toEqual([action.name, role, outcome]);
      if (!may) tally.onRoute(String(action.route));
    });
  });

  it('that reads goes on for a suspended tenant', async () => {
    const token = await forge.sign({ roles, tenant_id: world.suspended });
    for (const action of guardedRoutes.filter(({ effect, tenancy }) => effect === 'reads' && tenancy === 'own')) {
      const reply = await sendTo(api.url, action, { id: randomUUID() }, { token });
      expect([action.name, reply.status]).toEqual([
        action.name,
        action.route?.includes(':id') ? expect.any(Number) : 200,
      ]);
      expect([200, 404]).toContain(reply.status);
    }
  });
});

describe('every route that a link opens', () => {
  const send = (link: string, { route }: NamedAction, token: string) => {
    const [method = '', pattern = ''] = String(route).split(' ');
    const headers = {
      origin: api.url,
      authorization: `Bearer ${token}`,
      'billing-tenant': world.owner.id,
      'content-type': 'application/json',
    };
    const body = method === 'GET' ? undefined : JSON.stringify({ confirmationToken: 'ctoken_1' });
    return fetch(api.url + pattern.replace(':token', link), { method, headers, body });
  };

  it('opens for no link but ours, whoever asks besides: all of them are answered alike, and do nothing', async () => {
    const owner = await forge.sign({ roles, tenant_id: world.owner.id });
    const links = hostileLinks(world.link, world.otherLink, other.id);
    const said = new Set<string>();
    const attacks = linkedRoutes.flatMap((action) => links.map((link) => ({ action, link })));
    await spread(attacks, width, async ({ action, link }) => {
      const reply = await send(link.token, action, owner);
      tally.onRoute(String(action.route));
      const text = await reply.text();
      expect([action.name, link.name, reply.status]).toEqual([action.name, link.name, 404]);
      said.add(`${action.name} ${text.replaceAll(/nonce="[^"]+"|"requestId":"[^"]+"/g, '')}`);
    });
    expect(said.size).toBe(linkedRoutes.length);
    expect([...said].join()).not.toContain(world.owner.id);
  });

  it('opens for ours without any token, as far as it reads', async () => {
    for (const action of linkedRoutes.filter(({ effect }) => effect === 'reads'))
      expect([action.name, (await send(world.link, action, '')).status]).toEqual([action.name, 200]);
  });
});

describe('every command', () => {
  const tryAll = (attacks: readonly (readonly [NamedAction, CommandAttack])[]) =>
    spread(attacks, width, async ([action, attack]) => {
      const { outcome, reply, letter } = await desk.take(attack.message);
      tally.onCommand(String(action.command));
      const what = `${action.command}, ${attack.name}`;
      expect([what, outcome, letter?.reason]).toEqual([what, attack.outcome, attack.reason]);
      expect([what, reply !== undefined]).toEqual([what, attack.outcome === 'rejected']);
    });
  const onEvery = async (attacksOf: (action: NamedAction, wanted: Wanted) => Promise<CommandAttack[]>) => {
    const attacks = await Promise.all(
      commandActions.map(async (action) => {
        const wanted = wantedOf(action, sampleOf(action.name), world.owner.id);
        return (await attacksOf(action, wanted)).map((attack) => [action, attack] as const);
      }),
    );
    await tryAll(attacks.flat());
  };

  it('has a sample', () => {
    expect(commandActions.map(({ name }) => sampleOf(name))).toHaveLength(11);
  });

  it("is nobody's that its service did not sign: no key, another key, keys of its own, or another command", async () => {
    const token = await forge.sign({ roles, tenant_id: world.owner.id });
    await onEvery((_, wanted) => unsignedCommands(forge, wanted, services, trapUrl, token));
    expect(asked).toEqual([]);
  }, 60_000);

  it('is refused with every hostile token that a service forwards, and without the right or the fresh second factor', async () => {
    const hostile = await hostileTokens(forge, { roles, tenant_id: world.owner.id }, trapUrl);
    const tenants = { other: other.id, suspended: world.suspended };
    await onEvery((action, wanted) => rejectedCommands(forge, action, wanted, services, hostile, tenants));
    expect(asked).toEqual([]);
  }, 60_000);

  it('of another tenant finds nothing under an id of this one', async () => {
    for (const action of commandActions.filter(({ name }) => sampleOf(name).id !== undefined)) {
      const wanted = wantedOf(action, sampleOf(action.name), other.id);
      const onBehalfOf = await forge.sign({ roles, tenant_id: other.id });
      const { reply } = await desk.take(await signedRecord(services.shop, { ...wanted, onBehalfOf }));
      tally.onCommand(String(action.command));
      const { error } = JSON.parse(String(reply?.value)) as { error?: { code?: string } };
      expect([action.name, error?.code]).toEqual([action.name, expect.stringMatching(/_not_found$/)]);
    }
  });

  it('is open to those roles alone to which the table gives it', async () => {
    for (const action of commandActions)
      for (const role of roles) {
        const { subject } = wantedOf(action, sampleOf(action.name), world.owner.id);
        const wanted = { type: action.command, subject, tenantId: world.owner.id, body: { unknownField: 1 } };
        const onBehalfOf = await forge.sign({ roles: [role], tenant_id: world.owner.id });
        const { letter } = await desk.take(await signedRecord(services.shop, { ...wanted, onBehalfOf }));
        const [scopes, given] = [[action.scopes].flat() as string[], scopesByRole[role] as readonly string[]];
        const may = given.some((scope) => scopes.includes(scope));
        expect([action.name, role, letter?.reason === 'insufficient_scope']).toEqual([action.name, role, !may]);
        if (!may) tally.onCommand(String(action.command));
      }
  });

  it('that takes a second factor is judged as of when the broker took it in, not as of now', async () => {
    const hourAgo = new Date(Date.now() - 3_600_000);
    const seconds = Math.floor(hourAgo.getTime() / 1_000);
    const times = { iat: seconds - 900, nbf: undefined, exp: seconds + 60 };
    const claims = { iat: seconds, exp: seconds + 600 };
    for (const action of commandActions.filter(({ stepUpSeconds }) => stepUpSeconds !== undefined)) {
      const wanted = { ...wantedOf(action, sampleOf(action.name), other.id), claims };
      const outcomeAt = async (authTime: number): Promise<string | undefined> => {
        const person = { roles, tenant_id: other.id, ...times, auth_time: authTime };
        const onBehalfOf = await forge.sign(person, { at: hourAgo });
        const { reply } = await desk.take(await signedRecord(services.shop, { ...wanted, onBehalfOf }), hourAgo);
        return (JSON.parse(String(reply?.value)) as { error?: { code: string } }).error?.code;
      };
      const freshness = action.stepUpSeconds ?? 0;
      expect(await outcomeAt(seconds - freshness + 5)).toMatch(/_not_found$/); // let in, and there is nothing of this tenant
      expect(await outcomeAt(seconds - freshness - 5)).toBe('insufficient_user_authentication');
      expect(await outcomeAt(seconds + 3_600)).toBe('insufficient_user_authentication');
      tally.onCommand(String(action.command));
    }
  });
});

describe('after all of it', () => {
  /** Each privilege that was used stands in the access log, by whichever door, and no token does. */
  const expectRecorded = async (): Promise<void> => {
    const { rows } = await api.database.admin.query<{ granted: string[]; leaked: number }>(
      `select array_agg(distinct (data::json ->> 'channel') || ' ' || (data::json ->> 'action'))
          filter (where type = 'PrivilegedAccessGranted') as granted,
        count(*) filter (where data like '%eyJ%')::int as leaked
      from billing.event where type in ('AccessDenied', 'PrivilegedAccessGranted')`,
    );
    const privileged = (action: NamedAction) => action.privileged === true;
    const byHttp = guardedRoutes.filter(privileged).map(({ name }) => `http ${name}`);
    const byKafka = commandActions.filter(privileged).map(({ name }) => `kafka ${name}`);
    expect(rows[0]).toEqual({ granted: expect.arrayContaining([...byHttp, ...byKafka]) as string[], leaked: 0 });
  };

  it('nothing was written but access records', async () => {
    expect(await written(api.database)).toEqual(before);
  });

  it('each rightful caller gets in with the same samples: an attack failed for what was wrong with it alone', async () => {
    for (const action of guardedRoutes) {
      const token = await forge.sign(everything(action, world.owner.id));
      const reply = await sendTo(api.url, action, sampleOf(action.name), { token });
      expect([action.name, reply.text.slice(0, 300), [200, 201, 202].includes(reply.status)]).toEqual([
        action.name,
        expect.any(String),
        true,
      ]);
    }
  });

  it('each rightful command is carried out, too, and the attacks are counted', async () => {
    world = await createWorld(api);
    const shop = await newSigner(api.database, 'shop', { tenants: 'all' });
    for (const action of commandActions) {
      const onBehalfOf = await forge.sign({ roles, tenant_id: world.owner.id, act: { sub: 'shop' } });
      const wanted = { ...wantedOf(action, sampleOf(action.name), world.owner.id), onBehalfOf };
      const { outcome, letter } = await desk.take(await signedRecord(shop, wanted));
      expect([action.name, outcome, letter?.reason]).toEqual([action.name, 'accepted', undefined]);
    }
    await expectRecorded();
    expect([tally.routes.size, tally.commands.size]).toEqual([
      guardedRoutes.length + linkedRoutes.length,
      commandActions.length,
    ]);
    process.stdout.write(`${tally.line}\n`);
  });
});
