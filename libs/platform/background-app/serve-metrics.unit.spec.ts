import { ConfigurationError } from '../configuration/index.js';
import { createMetrics, Counter } from '../metrics/index.js';
import { serveMetrics } from './serve-metrics.js';

describe('the metrics of an app that serves no requests', () => {
  it('are there for Prometheus, on loopback, and nothing else is', async () => {
    const registry = createMetrics('relay');
    new Counter({ name: 'carried_total', help: 'What it carried.', registers: [registry] }).inc(3);
    const server = await serveMetrics(registry, 0);
    const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(await metrics.text()).toContain('carried_total{app="relay"} 3');
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/')).status).toBe(404);
    expect((await get('/metrics', 'POST')).status).toBe(404);
    await expect(serveMetrics(registry, server.port)).rejects.toThrow(ConfigurationError);
    await server.close();
    await expect(get('/metrics')).rejects.toThrow();
  });
});
