import type { Group } from './groups.js';
import { claimPort } from './ports.js';
import { RefusedToStart } from './refusal.js';
import type { StandaloneSettings } from './settings.js';

type Ports = StandaloneSettings['ports'];

const usedPorts = (groups: Group[]): (keyof Ports)[] =>
  groups.flatMap(({ apps }) =>
    apps.flatMap((app) => [...(app.port ? [app.port] : []), ...(app.services ? ['SERVICE_PORT' as const] : [])]),
  );

/**
 * Compares the ports that the apps of these groups listen on; one that no app uses is nobody's business.
 * @throws RefusedToStart with one line that names both variables when two of them are set to the same port
 */
export const refuseSharedPorts = (groups: Group[], ports: Ports): void => {
  const seen = new Map<number, string>();
  for (const name of usedPorts(groups).sort()) {
    const number = ports[name];
    const other = number === 0 ? undefined : seen.get(number);
    if (other !== undefined) throw new RefusedToStart(`${name} must not be ${number} too, which is ${other}'s`);
    seen.set(number, name);
  }
};

/**
 * The ports that the apps of these groups listen on, each settled and free; the others as they were set.
 * @param patience_ms how long to wait for one that is taken
 * @throws RefusedToStart naming the variable of one that stays taken
 */
export const settlePorts = async (groups: Group[], ports: Ports, patience_ms: number): Promise<Ports> => {
  const settled = { ...ports };
  for (const name of usedPorts(groups)) settled[name] = await claimPort(name, ports[name], patience_ms);
  return settled;
};
