/** The page a customer is sent to for authentication (`next_action.redirect_to_url`), with two buttons instead of a bank. */
import type { Call } from './executor.js';
import type { Exchange, ServerOptions } from './exchange.js';
import { sendAnswer } from './exchange.js';
import { unrecognizedUrl } from '../wire/errors.js';
import { parseForm } from '../wire/form.js';

const page = (id: string): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>3D Secure test page</title>
  <h1>3D Secure test page</h1>
  <p>Your bank asks you to authenticate ${id}.</p>
  <form method="post">
    <button name="outcome" value="succeed">Complete</button>
    <button name="outcome" value="fail">Fail</button>
  </form>
</html>
`;

/** The intent whose page `/sandbox/3ds/ID` is. Throws a 404 StripeError. */
const intentIn = (path: string): { id: string; resource: 'payment_intents' | 'setup_intents' } => {
  const id = path.slice('/sandbox/3ds/'.length);
  if (!/^(pi|seti)_[0-9A-Za-z]+$/.test(id)) throw unrecognizedUrl('GET', path);
  return { id, resource: id.startsWith('pi_') ? 'payment_intents' : 'setup_intents' };
};

/** Shows the page. */
export const sendAuthenticationPage = (_options: ServerOptions, { response, path }: Exchange): void => {
  const { id } = intentIn(path);
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(page(id));
};

/** Takes what the customer chose on the page, and sends them back to the `return_url` of the intent. */
export const completeAuthentication = (options: ServerOptions, exchange: Exchange, text: string): void => {
  const { path, requestId, response } = exchange;
  const { id, resource } = intentIn(path);
  const apiPath = `/v1/${resource}/${id}`;
  const shown = options.router.find('GET', apiPath);
  const authenticated = options.router.find('POST', `/sandbox/${resource}/${id}/authenticate`);
  if (!shown || !authenticated) throw unrecognizedUrl('POST', path);
  const call: Call = { ...shown, path: apiPath, input: '', key: undefined, requestId };
  options.executor.submit(call, (before) => {
    const intent = JSON.parse(before.body) as {
      client_secret: string;
      next_action?: { redirect_to_url?: { return_url: string } } | null;
    };
    const form = parseForm(text);
    options.executor.submit({ ...call, ...authenticated, path, input: form }, (answer) => {
      const back = intent.next_action?.redirect_to_url?.return_url;
      if (answer.status !== 200 || back === undefined) {
        sendAnswer(exchange, answer);
        return;
      }
      const name = resource.slice(0, -1);
      const target = new URL(back);
      target.searchParams.set(name, id);
      target.searchParams.set(`${name}_client_secret`, intent.client_secret);
      target.searchParams.set('redirect_status', form.outcome === 'succeed' ? 'succeeded' : 'failed');
      response.writeHead(303, { Location: target.href });
      response.end();
    });
  });
};
