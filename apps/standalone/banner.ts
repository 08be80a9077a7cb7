/** Where things are, for the text that the reader sees once all of it runs. */
export interface Whereabouts {
  apiUrl: string;
  /** where services call with their certificates; undefined where they have no listener of their own */
  serviceUrl?: string | undefined;
  /** the file of the certificate that the api shows, which the reader's curl has to believe; undefined in plain */
  certificate?: string | undefined;
  /** undefined while no app takes webhooks */
  webhookUrl: string | undefined;
  /** undefined where the service talks to Stripe itself */
  sandboxUrl: string | undefined;
  /** the brokers; undefined where there are none */
  kafka: string | undefined;
  dataDirectory: string;
  /** where the embedded Postgres keeps its files, if they are not in the data directory */
  databaseDirectory: string | undefined;
  /** whether there are demo tenants */
  trial: boolean;
  /** whose tokens are taken; undefined: those of the development issuer */
  issuer?: string | undefined;
  /** settings that `billing` needs to find this data directory, as a prefix of its command; empty for the usual one */
  environment: string;
  /** seconds that the start took */
  took_s: number;
}

const demoTenant = '11111111-1111-4111-8111-111111111111';

/** The reader's way to a token and a first customer. Only where there are demo tenants and a development issuer. */
const firstSteps = ({ apiUrl, certificate, environment, issuer }: Whereabouts): string[] => {
  if (issuer !== undefined)
    return [`Tokens come from ${issuer} (AUTH_ISSUER), not from \`billing token\`; ${apiUrl}/docs has every route.`];
  return [
    'Try it, in another terminal, in this folder:',
    `  TOKEN=$(${environment}npx --no billing token --tenant ${demoTenant} --role tenant_admin)`,
    `  curl -s ${certificate === undefined ? '' : `--cacert '${certificate}' `}${apiUrl}/v1/customers -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -H 'Idempotency-Key: hello' -d '{"email":"ada@example.com","name":"Ada Lovelace"}'`,
    '',
    `README.md goes on to a charge and a refund; ${apiUrl}/docs has every route.`,
  ];
};

/** What runs where, and a curl that works when pasted. */
export const banner = (places: Whereabouts): string => {
  const rows: [string, string | undefined][] = [
    ['API', places.apiUrl],
    ['for services', places.serviceUrl && `${places.serviceUrl} (client certificate required)`],
    ['docs', `${places.apiUrl}/docs`],
    ['webhooks', places.webhookUrl],
    ['Stripe sandbox', places.sandboxUrl],
    ['Kafka', places.kafka],
    ['data', places.dataDirectory],
    ['database', places.databaseDirectory],
  ];
  const shown = rows.filter(([, place]) => place !== undefined).map(([what, place]) => `  ${what.padEnd(16)}${place}`);
  return [
    '',
    `billing-service is ready after ${places.took_s.toFixed(1)} s`,
    ...shown,
    '',
    ...(places.trial ? firstSteps(places) : []),
    'Ctrl-C stops it.',
    '',
  ].join('\n');
};
