import type { InventoriedScript, Inventory } from './inventory.js';
import type { LoadedPage } from './page.js';
import type { ScriptTag } from './scan.js';

/** Something that the page has and the inventory has not, or the other way round. */
export interface Difference {
  /** A script, a directive of the policy, a header, or `page`. */
  subject: string;
  problem: string;
  /** A script of ours has other bytes than were authorised, and the page says so itself: `update` would authorise them. */
  isOurChange?: true;
}

const loopback = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?=\/|$)/;
const stripe = /^https:\/\/(?:[a-z*-]+\.)*stripe\.com(?=\/|$)/;

/** Whether a trial's stand-in for Stripe may stand where Stripe does: where the page itself is on this machine. */
export const isTrial = ({ url }: LoadedPage): boolean => loopback.test(url.origin);

/** Everything in which a page differs from what was authorised; nothing where it is as it should be. */
export const differences = (inventory: Inventory, page: LoadedPage): Difference[] => [
  ...page.others.map((problem) => ({ subject: 'page', problem })),
  ...page.scripts.flatMap((tag) => ofScript(inventory, page, tag)),
  ...inventory.scripts.flatMap(({ name, source }) => ofPresence(inventory, page, name, source)),
  ...(page.headers ? [...ofPolicy(inventory, page, page.headers), ...ofHeaders(inventory, page.headers)] : []),
];

/** The script of the inventory that a tag loads. */
const entryOf = (inventory: Inventory, page: LoadedPage, { src }: ScriptTag): InventoriedScript | undefined => {
  if (src === undefined || !URL.canParse(src, page.url)) return undefined;
  const address = new URL(src, page.url);
  if (address.origin !== page.url.origin)
    return inventory.scripts.find(({ source }) => isTheSame(source, address.href, page));
  const name = /^\/checkout\/assets\/([a-z-]+)\.[0-9a-f]{16}\.js$/.exec(address.pathname)?.[1];
  return inventory.scripts.find((each) => each.integrity !== undefined && each.name === `${name}.js`);
};

const isTheSame = (source: string, address: string, page: LoadedPage): boolean =>
  source === address || (isTrial(page) && stripe.test(source) && placeless(source) === placeless(address));

/** An address without whose it is, where it is Stripe's or on this machine. */
const placeless = (address: string): string => address.replace(stripe, 'stripe:').replace(loopback, 'stripe:');

const ofScript = (inventory: Inventory, page: LoadedPage, tag: ScriptTag): Difference[] => {
  const { src, integrity, nonce } = tag;
  if (src === undefined) return [{ subject: 'page', problem: 'a script stands in the page itself' }];
  const entry = entryOf(inventory, page, tag);
  if (!entry) return [{ subject: src, problem: 'is loaded and is not in the inventory' }];
  const subject = entry.name;
  const unsigned = nonce === undefined || nonce === '' ? [{ subject, problem: 'has no nonce' }] : [];
  return [...unsigned, ...ofBytes(entry, integrity, page.contents.get(src))];
};

/** What a script of ours is, by what the page says of it and by its bytes: told once where both say the same. */
const ofBytes = (
  { name: subject, integrity: authorised }: InventoriedScript,
  integrity: string | undefined,
  content: string | undefined,
): Difference[] => {
  if (authorised === undefined) return [];
  const ending = `authorised is ${authorised}`;
  if (integrity !== undefined && integrity === content)
    return content === authorised
      ? []
      : [{ subject, problem: `was changed: it is ${content}, ${ending}`, isOurChange: true }];
  const found: Difference[] = [];
  if (integrity !== authorised)
    found.push({ subject, problem: `has ${integrity ? `integrity ${integrity}` : 'no integrity'}, ${ending}` });
  if (content !== authorised) found.push({ subject, problem: `is ${content ?? 'not there'}, ${ending}` });
  return found;
};

const ofPresence = (inventory: Inventory, page: LoadedPage, name: string, source: string): Difference[] => {
  const times = page.scripts.filter((tag) => entryOf(inventory, page, tag)?.name === name).length;
  if (times === 1) return [];
  return [
    { subject: name, problem: times === 0 ? `(${source}) is in the inventory and is not loaded` : 'is loaded twice' },
  ];
};

const ofPolicy = ({ policy }: Inventory, page: LoadedPage, headers: Headers): Difference[] => {
  const header = headers.get('content-security-policy');
  if (header === null) return [{ subject: 'content-security-policy', problem: 'is not sent' }];
  const sent = directivesOf(header);
  const names = new Set([...Object.keys(policy), ...sent.keys()]);
  if (page.url.protocol === 'http:') names.delete('report-to'); // browsers know it over TLS alone
  return [...names].flatMap((name) => {
    const wanted = sourcesOf(policy[name], page);
    const found = sourcesOf(sent.get(name), page);
    if (wanted === found) return [];
    return [
      {
        subject: `content-security-policy ${name}`,
        problem: `is ${found ?? 'not sent'}, authorised is ${wanted ?? 'none'}`,
      },
    ];
  });
};

/** Directives by name. Where more than one policy is sent they are joined by commas: then the second has names that nobody expects. */
const directivesOf = (header: string): Map<string, string> =>
  new Map(
    header
      .split(';')
      .map((each) => each.trim())
      .filter((each) => each !== '')
      .map((each) => [each.split(/\s+/)[0]?.toLowerCase() ?? '', each.split(/\s+/).slice(1).join(' ')]),
  );

/** Sources in an order of their own, with the nonce named by what it is. In a trial Stripe's origins and the stand-in's are one. */
const sourcesOf = (sources: string | undefined, page: LoadedPage): string | undefined => {
  if (sources === undefined) return undefined;
  const each = sources
    .split(/\s+/)
    .filter((source) => source !== '')
    .map((source) => source.replace(/^'nonce-[^']{16,}'$/, "'nonce'"))
    .map((source) => (isTrial(page) ? placeless(source) : source));
  return [...new Set(each)].sort().join(' ');
};

const ofHeaders = (inventory: Inventory, headers: Headers): Difference[] =>
  Object.entries(inventory.headers).flatMap(([name, wanted]) => {
    const found = headers.get(name);
    return found === wanted ? [] : [{ subject: name, problem: `is ${found ?? 'not sent'}, authorised is ${wanted}` }];
  });
