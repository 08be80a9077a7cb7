/** How long before a card ends its notice is given. */
const noticeDays = 30;

const dayMs = 24 * 3_600_000;

/** Whether a card whose last month is `expiresOn` ends within thirty days, or has ended: it is good until its month is over, in UTC. */
export const endsSoon = (expiresOn: string, now: Date): boolean => {
  const [year = 0, month = 0] = expiresOn.split('-').map(Number);
  const endsAt = Date.UTC(year, month, 1);
  return endsAt - now.getTime() <= noticeDays * dayMs;
};
