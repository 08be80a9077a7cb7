/** How long a payer can be thought to wait for the charge that they have asked for. Their page asks again once they are back. */
const payerWaitsMs = 3_600_000;

/** Nobody is charged for what they asked hours ago: they may have paid in another way since, or been told that the page is over. */
export const isTooLate = ({ at }: { at: string }, now: Date): boolean => now.getTime() - Date.parse(at) > payerWaitsMs;
