import type { Group } from './groups.js';
import { reachedAt } from './reached-at.js';
import type { StandaloneSettings } from './settings.js';

/** Where the apps of these groups are. */
export const urlsOf = (groups: Group[], { inbound }: StandaloneSettings, ports: StandaloneSettings['ports']) => {
  const apps = groups.flatMap((group) => group.apps);
  const has = (port: keyof StandaloneSettings['ports']): boolean => apps.some((app) => app.port === port);
  const services = inbound.api.servicePort !== undefined && apps.some((app) => app.services);
  return {
    apiUrl: reachedAt(inbound.api, ports.PORT),
    serviceUrl: services ? reachedAt(inbound.api, ports.SERVICE_PORT) : undefined,
    webhookUrl: has('WEBHOOK_PORT') ? `${reachedAt(inbound.webhooks, ports.WEBHOOK_PORT)}/webhooks/stripe` : undefined,
    sandboxUrl: has('SANDBOX_PORT') ? `http://127.0.0.1:${ports.SANDBOX_PORT}` : undefined,
  };
};
