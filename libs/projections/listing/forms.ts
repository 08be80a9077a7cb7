const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** From the year 1 on, offsets below 16 hours: Postgres has no others. */
const rfc3339 = /^((?!0000)\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-5]):[0-5]\d)$/;

/** Whether Postgres would take `text` as a uuid in its usual form. */
export const isUuid = (text: string): boolean => uuid.test(text);

/** Whether `text` is an RFC 3339 instant that Postgres takes, of a day that exists. A leap second is none: clocks here have no such second. */
export const isInstant = (text: string): boolean => {
  const day = rfc3339.exec(text)?.[1];
  // Date rolls 30 February over into March; Postgres raises.
  return day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
};
