/** An endpoint: method, path, the parameters it takes, and what it answers with. */
import type { Wire } from '../objects/present.js';
import { present } from '../objects/present.js';
import type { Kind, RecordOf } from '../state/records.js';
import type { Work } from '../state/work.js';
import { expandParam, expandTree } from '../wire/expand.js';
import type { Form } from '../wire/form.js';
import type { Page, PageParams } from './pages.js';
import { pageParams } from './pages.js';
import type { ReadAll, Shape } from '../wire/params.js';
import { readParams } from '../wire/params.js';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface Endpoint {
  method: Method;
  /** `/v1/payment_intents/:id/capture`: one `:id` at most. */
  path: string;
  /** Reads the parameters, does the work, and gives the body of the answer. Throws StripeError. */
  handle(work: Work, form: Form, id: string): Wire;
}

interface Definition<S extends Shape, R extends keyof S> {
  takes: S;
  requires?: readonly R[];
}

/** An endpoint that answers with one object of `kind`. */
export const shows = <K extends Kind, S extends Shape, R extends keyof S & string = never>(
  kind: K,
  method: Method,
  path: string,
  definition: Definition<S, R> & { run: (work: Work, params: ReadAll<S, R>, id: string) => RecordOf[K] },
): Endpoint => {
  const shape = { ...definition.takes, expand: expandParam };
  return {
    method,
    path,
    handle: (work, form, id) => {
      const params = readParams(shape, definition.requires ?? [], form);
      const tree = expandTree(params.expand, kind, false);
      return present(kind, definition.run(work, params as ReadAll<S, R>, id), work, tree);
    },
  };
};

/** An endpoint that answers with a page of objects of `kind`. Takes `limit`, `starting_after` and `ending_before` by itself. */
export const lists = <K extends Kind, S extends Shape, R extends keyof S & string = never>(
  kind: K,
  path: string,
  definition: Definition<S, R> & { run: (work: Work, params: ReadAll<S, R> & PageParams, id: string) => Page<K> },
): Endpoint => {
  const shape = { ...definition.takes, ...pageParams, expand: expandParam };
  return {
    method: 'GET',
    path,
    handle: (work, form, id) => {
      const params = readParams(shape, definition.requires ?? [], form);
      const tree = expandTree(params.expand, kind, true);
      const page = definition.run(work, params, id);
      return {
        object: 'list',
        data: page.records.map((record) => present(kind, record, work, tree)),
        has_more: page.has_more,
        url: path.replace(':id', id),
      };
    },
  };
};

/** An endpoint that answers with something of its own. */
export const answers = <S extends Shape, R extends keyof S & string = never>(
  method: Method,
  path: string,
  definition: Definition<S, R> & { run: (work: Work, params: ReadAll<S, R>, id: string) => Wire },
): Endpoint => {
  const shape = { ...definition.takes, expand: expandParam };
  return {
    method,
    path,
    handle: (work, form, id) => {
      const params = readParams(shape, definition.requires ?? [], form);
      return definition.run(work, params, id);
    },
  };
};
