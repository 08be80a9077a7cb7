import type { NamedAction } from '#access';
import { allActions } from '#access';
import { randomUUID } from 'node:crypto';

import type { Document } from '../../apps/api/testing/document.js';
import { inFours } from '../../libs/platform/logging/testing/card-numbers.js';
import { bodies, forms, numbers } from './forms.js';

/** A request with a card number in it. */
export interface Planted {
  action: NamedAction;
  /** Such as `GET /v1/customers, query email, spaced`. */
  name: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: unknown;
  /** How the number is written, and which it is; undefined where the place has a form of its own. */
  written?: string;
  /** Whether something of ours reads the place, so that the request is refused; else it is enough that the number goes nowhere. */
  isRead: boolean;
}

/** Headers that commands and queries are made of. */
const readHeaders = [
  'idempotency-key',
  'billing-reason',
  'billing-tenant',
  'billing-min-position',
  'last-event-id',
  'prefer',
];
/** Headers that anybody may send, and nobody here reads; and those of traces, which are left out of one. */
const otherHeaders = [
  'user-agent',
  'referer',
  'cookie',
  'x-request-id',
  'x-forwarded-for',
  'tracestate',
  'baggage',
  'x-card',
  'accept',
];

/** A card number in each place of each route, by the table of actions and the OpenAPI document, in some of the forms. */
export const plantedIn = (document: Document, next: () => string): Planted[] => {
  const all = Object.entries(forms);
  const nextInForm = numbers();
  let at = 0;
  const nextForms: NextForms = (count) =>
    Array.from({ length: count }, () => [...(all[at++ % all.length] as Form), nextInForm()] as const);
  const routes = allActions.filter(({ route }) => route !== undefined);
  return routes.flatMap((action) => plantedInRoute(document, action, next, nextForms));
};

type Form = [name: string, write: (number: string) => string];
/** Some forms, each time those that follow: together the places get all of them. */
type NextForms = (count: number) => (readonly [...Form, number: string])[];

const plantedInRoute = (
  document: Document,
  action: NamedAction,
  next: () => string,
  nextForms: NextForms,
): Planted[] => {
  const [method = '', pattern = ''] = (action.route ?? '').split(' ');
  const { parameters = [], requestBody } =
    document.paths[pattern.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()] ?? {};
  const plain = pathWith(pattern, Infinity, '');
  const isGuarded = action.scopes !== 'public';
  const planted = (place: string, form: string, more: Partial<Planted>): Planted => ({
    ...{ action, method, path: plain, isRead: isGuarded },
    name: `${action.route}, ${place}, ${form}`,
    ...more,
    headers: { ...(method !== 'GET' && { 'idempotency-key': randomUUID() }), ...more.headers },
    ...(method !== 'GET' && { body: more.body ?? {} }),
  });
  const inForms = (count: number, place: string, made: (text: string) => Partial<Planted>): Planted[] =>
    nextForms(count).map(([form, write, number]) =>
      planted(place, form, { ...made(write(number)), written: `${form} ${number}` }),
    );
  const names = Array.from(pattern.matchAll(/:(\w+)/g), ([name]) => name);
  const queries = [...parameters.filter((each) => each.in === 'query').map(({ name }) => name), 'card'];
  const schema = String(requestBody?.content['application/json']?.schema.$ref).split('/').at(-1) ?? '';
  const fields = Object.keys(document.components.schemas[schema]?.properties ?? {});
  const trace = (number: string) => `00-${number.padStart(32, '0')}-${number.padEnd(16, '0').slice(0, 16)}-01`;
  return [
    ...names.flatMap((name, nth) =>
      inForms(3, `path ${name}`, (text) => ({ path: pathWith(pattern, nth, encodeURIComponent(text)) })),
    ),
    ...queries.flatMap((name) =>
      inForms(3, `query ${name}`, (text) => ({ path: `${plain}?${name}=${encodeURIComponent(text)}` })),
    ),
    ...inForms(1, 'a name in the query', (text) => ({ path: `${plain}?${encodeURIComponent(text)}=1` })),
    ...readHeaders.flatMap((name) => inForms(1, `header ${name}`, (text) => ({ headers: { [name]: text } }))),
    ...otherHeaders.map((name) =>
      planted(`header ${name}`, 'spaced', { headers: { [name]: inFours(next()) }, isRead: false }),
    ),
    planted('header traceparent', 'as ids', { headers: { traceparent: trace(next()) }, isRead: false }),
    planted('header authorization', 'as a token', { headers: { authorization: `Bearer ${next()}` }, isRead: false }),
    ...(method === 'GET'
      ? []
      : [
          ...fields.flatMap((field) => inForms(3, `body ${field}`, (text) => ({ body: { [field]: text } }))),
          ...Object.entries(bodies).map(([form, write]) => planted('body', form, { body: write(next(), {}) })),
        ]),
  ];
};

/** The path with `text` in the place of its parameter number `nth`, and an id of nothing in the others. */
const pathWith = (pattern: string, nth: number, text: string): string => {
  let at = -1;
  return pattern.replaceAll(/:\w+/g, () => ((at += 1) === nth ? text : randomUUID()));
};
