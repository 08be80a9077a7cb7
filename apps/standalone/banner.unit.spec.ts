import type { Whereabouts } from './banner.js';
import { banner } from './banner.js';

const plain: Whereabouts = {
  apiUrl: 'http://127.0.0.1:3000',
  webhookUrl: undefined,
  sandboxUrl: undefined,
  kafka: undefined,
  dataDirectory: '/data',
  databaseDirectory: undefined,
  trial: true,
  environment: '',
  took_s: 1,
};

describe('the banner', () => {
  it('tells where services call only where they can', () => {
    expect(banner(plain)).not.toContain('services');
    const text = banner({ ...plain, serviceUrl: 'https://127.0.0.1:3443' });
    expect(text).toContain('https://127.0.0.1:3443 (client certificate required)');
  });

  it('offers no token of the development issuer where another issuer is set', () => {
    const text = banner({ ...plain, issuer: 'https://id.acme.example' });
    expect(text).toContain('Tokens come from https://id.acme.example (AUTH_ISSUER)');
    expect(text).not.toContain('npx');
    expect(banner(plain)).toContain('npx --no billing token');
  });

  it('gives a curl that believes the certificate of the api', () => {
    expect(banner(plain)).toContain('curl -s http://127.0.0.1:3000/v1/customers');
    const text = banner({ ...plain, apiUrl: 'https://127.0.0.1:3000', certificate: '.billing/certs/api.pem' });
    expect(text).toContain("curl -s --cacert '.billing/certs/api.pem' https://127.0.0.1:3000/v1/customers");
  });
});
