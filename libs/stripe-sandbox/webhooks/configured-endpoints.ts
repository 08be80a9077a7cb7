/** Endpoints that the sandbox is started with, as `stripe listen` has one: made again from the options each time. */
import type { IdFactory } from '../state/ids.js';
import type { WebhookEndpointRecord } from '../state/records.js';
import { prefixes } from '../state/records.js';
import type { Store } from '../state/store.js';

export interface ConfiguredEndpoint {
  /** `http://127.0.0.1:3001/webhooks/stripe` */
  url: string;
  /** `whsec_...` */
  secret: string;
  /** For the events of connected accounts instead of the platform's own. */
  connect?: boolean;
  /** The types that it is sent, `charge.*` for all of a kind. All of them unless said. */
  events?: readonly string[];
}

/** Makes, changes and removes configured endpoints until they are those of `wanted`. */
export const configureEndpoints = (
  store: Store,
  ids: IdFactory,
  now_ms: number,
  wanted: readonly ConfiguredEndpoint[],
): void => {
  store.transaction(() => {
    const there = store.endpoints().filter(({ configured }) => configured);
    const write = (endpoint: WebhookEndpointRecord): void => {
      store.write(endpoint.id, JSON.stringify(endpoint));
    };
    const kept = new Set<string>();
    for (const { url, secret, connect = false, events = ['*'] } of wanted) {
      const same = there.find((each) => !kept.has(each.id) && (each.connect ?? false) === connect);
      const endpoint: WebhookEndpointRecord = {
        id: same?.id ?? ids.next(prefixes.webhook_endpoint, now_ms),
        created: same?.created ?? Math.floor(now_ms / 1_000),
        url,
        secret,
        enabled_events: [...events],
        metadata: {},
        configured: true,
        ...(connect && { connect }),
      };
      kept.add(endpoint.id);
      write(endpoint);
    }
    for (const endpoint of there) if (!kept.has(endpoint.id)) write({ ...endpoint, deleted: true });
  });
};
