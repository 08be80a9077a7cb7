import type { Endpoint } from './endpoint.js';

export interface Routed {
  endpoint: Endpoint;
  id: string;
}

/** Finds endpoints by method and path. Every path has two to four segments, and an id is the third: `/v1/charges/:id/capture`. */
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
    if (!endpoint) return undefined;
    try {
      return { endpoint, id: decodeURIComponent(id) };
    } catch {
      return undefined;
    }
  }
}
