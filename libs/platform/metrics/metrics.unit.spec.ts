import { Counter, createMetrics } from './index.js';

describe('the metrics of an app', () => {
  it('hold no card number in a label, and every value as it is', async () => {
    const registry = createMetrics('spec');
    const counter = new Counter({ name: 'spec_total', help: 'of a spec', labelNames: ['what'], registers: [registry] });
    counter.inc({ what: 'card 4242 4242 4242 4242 and }' });
    counter.inc({ what: 'large' }, 4_242_424_242_424_242);
    const text = await registry.metrics();
    expect(text).toContain('spec_total{what="card [card number] and }",app="spec"} 1\n');
    expect(text).toContain('spec_total{what="large",app="spec"} 4242424242424242\n');
  });
});
