import { ProblemError } from './problem.js';

/** Which methods which paths have. */
export class RouteTable {
  readonly #routes: { methods: readonly string[]; path: RegExp }[] = [];

  /** Adds a route by its pattern, such as `/v1/payments/:id`. */
  add(methods: readonly string[], pattern: string): void {
    const path = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+');
    this.#routes.push({ methods, path: new RegExp(`^${path}$`) });
  }

  /** What answers a request that no route took: 405 where the path has other methods, else 404. */
  nothingFor(method: string, url: string): ProblemError {
    const path = url.split('?', 1)[0] ?? '/';
    const allowed = new Set(this.#routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods));
    if (allowed.size === 0 || allowed.has(method))
      return new ProblemError(404, 'route_not_found', 'there is no such route; see /docs');
    const allow = [...allowed].sort().join(', ');
    return new ProblemError(405, 'method_not_allowed', `this route takes ${allow}`, {}, { allow });
  }
}
