import type { Endpoint } from './endpoint.js';

export interface Routed {
  endpoint: Endpoint;
  id: string;
}

const routed = (endpoint: Endpoint, id: string): Routed | undefined => {
  try {
    return { endpoint, id: decodeURIComponent(id) };
  } catch {
    return undefined;
  }
};

/**
 * Finds endpoints by method and path. Every path has two to four segments, and an id is the third, `/v1/charges/:id/capture`, or the
 * fourth where a resource has two names: `/v1/radar/early_fraud_warnings/:id`.
 */
export class Router {
  private readonly endpoints = new Map<string, Endpoint>();

  constructor(endpoints: readonly Endpoint[]) {
    for (const endpoint of endpoints) {
      const key = `${endpoint.method} ${endpoint.path}`;
      if (this.endpoints.has(key)) throw new Error(`Two endpoints for ${key}`);
      this.endpoints.set(key, endpoint);
    }
  }

  /** `path` without its query. */
  find(method: string, path: string): Routed | undefined {
    const exact = this.endpoints.get(`${method} ${path}`);
    if (exact) return { endpoint: exact, id: '' };
    const [, version, resource, id, action, ...more] = path.split('/');
    if (version === undefined || resource === undefined || !id || more.length > 0) return undefined;
    const pattern = `/${version}/${resource}/:id${action === undefined ? '' : `/${action}`}`;
    const endpoint = this.endpoints.get(`${method} ${pattern}`);
    if (endpoint) return routed(endpoint, id);
    const longer = action && this.endpoints.get(`${method} /${version}/${resource}/${id}/:id`);
    return longer ? routed(longer, action) : undefined;
  }
}
