import { ConfigurationError } from '../configuration/index.js';
import { createMetrics, Counter } from '../metrics/index.js';
import { Warnings } from '../warnings/index.js';
import { serveMetrics } from './serve-metrics.js';

describe('the metrics of an app that serves no requests', () => {
  it('are there for Prometheus, on loopback, and nothing else is', async () => {
    const registry = createMetrics('relay');
    new Counter({ name: 'carried_total', help: 'What it carried.', registers: [registry] }).inc(3);
    const server = await serveMetrics({ metrics: registry }, 0);
    const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(await metrics.text()).toContain('carried_total{app="relay"} 3');
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/')).status).toBe(404);
    expect((await get('/metrics', 'POST')).status).toBe(404);
    const second = serveMetrics({ metrics: registry }, server.port);
    await expect(second).rejects.toThrow(ConfigurationError);
    await expect(second).rejects.toThrow(
      `METRICS_PORT: port ${server.port} is taken: stop what listens there, or set METRICS_PORT to another one`,
    );
    await server.close();
    await expect(get('/metrics')).rejects.toThrow();
  });

  it('come with its readiness: well, yellow with the reason, or not there, with what there is to say', async () => {
    const warnings = new Warnings();
    let isAway = false;
    const isReady = () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve());
    const server = await serveMetrics({ metrics: createMetrics('gateway'), warnings, isReady }, 0);
    const ready = async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
      return [answer.status, await answer.json()];
    };
    expect(await ready()).toEqual([200, { status: 'ok' }]);
    warnings.set('api_key_overdue', 'a key is older than 90 days');
    expect(await ready()).toEqual([
      200,
      { status: 'degraded', warnings: [{ code: 'api_key_overdue', message: 'a key is older than 90 days' }] },
    ]);
    isAway = true;
    await server.close();
    const other = await serveMetrics({ metrics: createMetrics('gateway'), warnings, isReady }, 0);
    const answer = await fetch(`http://127.0.0.1:${other.port}/readyz`);
    const told = [{ code: 'api_key_overdue', message: 'a key is older than 90 days' }];
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'not_ready', warnings: told }]);
    await other.close();
  });
});
