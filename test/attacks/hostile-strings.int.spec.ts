import type { NamedAction } from '#access';
import { randomUUID } from 'node:crypto';

import type { Reply } from '../../apps/api/testing/call.js';
import { callOver } from '../../apps/api/testing/call.js';
import type { Document } from '../../apps/api/testing/document.js';
import type { RunningApi } from '../../apps/api/testing/running-api.js';
import { startApi } from '../../apps/api/testing/running-api.js';
import { Forge } from './forge.js';
import { everywhere, handMade } from './hostile-strings.js';
import { everything, guardedRoutes } from './http-attacks.js';
import type { Place } from './places.js';
import { canBeSent, mayStandAt, placesOf, requestWith } from './places.js';
import { howToInstallSqlmap, readSqlmap } from './sqlmap.js';
import { spread } from './tally.js';
import type { World } from './world.js';
import { createWorld, samplesOf } from './world.js';
import { written } from './written.js';

const missing = `sqlmap is not in the python3 on PATH; install it with: ${howToInstallSqlmap}`;
const sqlmap = await readSqlmap();
if (!sqlmap && !process.env.CI) process.stderr.write(`only hand-made strings are tried: ${missing}\n`);

/** Requests that are under way at once. */
const width = 12;
/** Of the strings that do not go everywhere, as many go to each place; together the places get all of them, those made by hand often. */
const [handMadeEach, payloadsEach] = [5, 3];
/** Well below what a payload that gets through makes the database sleep, and well above what an answer takes. */
const slowMs = 8_000;

let api: RunningApi;
let forge: Forge;
let world: World;
let document: Document;
let places: Place[];

beforeAll(async () => {
  api = await startApi({ readModels: true });
  forge = await Forge.open(api.dataDirectory);
  world = await createWorld(api);
  document = (await (await fetch(`${api.url}/openapi.json`)).json()) as Document;
  places = guardedRoutes.flatMap((action) => {
    const sample = samplesOf(world)[action.name];
    if (!sample) throw new Error(`${action.name} has no sample in test/attacks/world.ts`);
    return placesOf(document, action, sample);
  });
}, 30_000);
afterAll(() => api.close());

/** What goes to place number `at`: always the same. */
const stringsFor = (place: Place, at: number): string[] => {
  const shareOf = (strings: readonly string[], each: number) =>
    Array.from({ length: Math.min(each, strings.length) }, (_, n) => strings[(at * each + n) % strings.length] ?? '');
  return [...everywhere, ...shareOf(handMade, handMadeEach), ...shareOf(sqlmap?.payloads ?? [], payloadsEach)]
    .map((text) => text.replaceAll('[ORIGINAL]', place.original))
    .filter((text) => canBeSent(place, text));
};

/** How a database, a driver or a program complains. */
const complaints = [
  /syntax error|unterminated quoted|invalid input syntax|invalid byte sequence|SQLSTATE|violates|permission denied for/i,
  /relation "|column "|billing\.[a-z_]+\(|node_modules|\.[jt]s:\d/,
  ...(sqlmap?.errors ?? []),
];

/** Whether the answer shows no row to whom nothing was asked for that there is. */
const isEmpty = ({ json, text }: Reply): boolean => (Array.isArray(json?.data) ? json.data.length === 0 : text === '');

/** What is wrong with the answer to a hostile string; undefined where nothing is. */
const faultOf = (place: Place, text: string, reply: Reply, tookMs: number): string | undefined => {
  if (tookMs > slowMs) return `took ${Math.round(tookMs)} ms`;
  const said = reply.text.replaceAll(JSON.stringify(text).slice(1, -1), '');
  const complaint = complaints.find((each) => each.test(said));
  if (complaint) return `says ${complaint.exec(said)?.[0]}`;
  if ([400, 404].includes(reply.status)) return undefined;
  // Whose the request is was settled before anything else was looked at.
  if (place.field === 'Billing-Tenant' && reply.status === 403) return undefined;
  const others = mayStandAt(place, text) ? whereItMayStand(place, reply) : [];
  return others.includes(reply.status) ? undefined : `${reply.status} ${reply.text.slice(0, 200)}`;
};

/** What else may be answered where the string is good in its place, and something other than it decides. */
const whereItMayStand = ({ in: at, method }: Place, reply: Reply): number[] => {
  if (method !== 'GET') return [409, 422];
  return at === 'header' || isEmpty(reply) ? [200] : [];
};

/** A token that may do everything; each serves some requests only, because a caller has limits. */
const tokenFor = async (action: NamedAction): Promise<string> =>
  forge.sign({ ...everything(action, world.owner.id), sub: `hostile-${randomUUID()}` });

describe('a hostile string', () => {
  it('in every filter, cursor, id, header and field is refused or finds nothing, delays nothing and changes nothing', async () => {
    const before = await written(api.database);
    const faults: string[] = [];
    let [tried, slowest] = [0, 0];
    const attack = async ([place, at]: readonly [Place, number]): Promise<void> => {
      const call = callOver(api.url, { authorization: `Bearer ${await tokenFor(place.action)}` });
      for (const text of stringsFor(place, at)) {
        // What is good there and would be stored as it is has a test of its own.
        if (place.in === 'body' && mayStandAt(place, text)) continue;
        const { path, headers, body } = requestWith(place, text);
        const began = performance.now();
        const reply = await call(place.method, path, { headers, body });
        const tookMs = performance.now() - began;
        [tried, slowest] = [tried + 1, Math.max(slowest, tookMs)];
        const fault = faultOf(place, text, reply, tookMs);
        if (fault !== undefined) faults.push(`${place.action.route} ${place.name}: ${JSON.stringify(text)}: ${fault}`);
      }
    };
    await spread(
      places.map((place, at) => [place, at] as const),
      width,
      attack,
    );
    process.stdout.write(
      `hostile strings: ${tried} tried at ${places.length} places of ${guardedRoutes.length} routes, ` +
        `${sqlmap?.payloads.length ?? 0} payloads of sqlmap among them, the slowest answer in ${Math.round(slowest)} ms\n`,
    );
    expect(faults).toEqual([]);
    expect(await written(api.database)).toEqual(before);
  }, 120_000);

  it('that may stand where it stands is kept as it is, and found as it is', async () => {
    const printable = handMade
      .map((text) => text.replaceAll(/[^\x21-\x7e]|\[ORIGINAL\]/g, ''))
      .filter((text) => text !== '');
    for (const orderId of new Set(printable)) {
      const body = { amount: 1_999, currency: 'usd', customerId: world.payer.customerId, orderId };
      const made = await world.owner.post('/v1/payments', body, { 'idempotency-key': `${orderId}${randomUUID()}` });
      expect([made.status, made.json.orderId]).toEqual([201, orderId]);
    }
    await api.caughtUp();
    for (const orderId of new Set(printable)) {
      const { json } = await world.owner.get(`/v1/payments?orderId=${encodeURIComponent(orderId)}`);
      expect((json.data as { orderId: string }[]).map((payment) => payment.orderId)).toEqual([orderId]);
    }
  });
});

describe('sqlmap', () => {
  it('is there in CI', () => {
    if (process.env.CI) expect([missing, sqlmap?.payloads.length ?? 0]).toEqual([missing, 365]);
  });

  (sqlmap ? it : it.skip)('gives every payload to some place', () => {
    expect(places.length * payloadsEach).toBeGreaterThanOrEqual(sqlmap?.payloads.length ?? 0);
  });
});
