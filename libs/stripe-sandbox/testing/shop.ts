/** A shop's page for specs, with the sandbox's Stripe.js in it, under the policy of a checkout page. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

export interface Shop {
  /** `http://127.0.0.1:40000` */
  url: string;
  close(): Promise<void>;
}

const NONCE = 'bm9uY2U';

const page = (sandbox: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Shop</title>
    <script nonce="${NONCE}" src="${sandbox}/endive/stripe.js"></script>
    <script nonce="${NONCE}">
      window.heard = [];
      window.violations = [];
      window.changes = [];
      addEventListener('message', ({ data }) => heard.push(JSON.stringify(data)));
      addEventListener('securitypolicyviolation', ({ violatedDirective }) => violations.push(violatedDirective));
      window.begin = (options) => new Promise((resolve) => {
        window.stripe = Stripe('pk_test_shop');
        window.elements = stripe.elements({ mode: 'payment', amount: 900, currency: 'usd', ...options });
        window.payment = elements.create('payment').on('ready', resolve).on('change', (event) => changes.push(event));
        payment.mount('#payment');
      });
      window.token = async () => {
        const { error } = await elements.submit();
        return error ? { error } : stripe.createConfirmationToken({ elements });
      };
    </script>
  </head>
  <body><main><h1>Shop</h1><div id="payment"></div><button id="pay">Pay</button></main></body>
</html>
`;

/** Serves the page on a port of its own. `sandbox` is the sandbox's address. */
export const openShop = async (sandbox: string): Promise<Shop> => {
  const policy =
    `default-src 'none'; script-src 'nonce-${NONCE}' ${sandbox}; style-src 'nonce-${NONCE}'; frame-src ${sandbox}; ` +
    `connect-src 'self' ${sandbox}; base-uri 'none'; frame-ancestors 'none'`;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': policy });
    response.end(page(sandbox));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
