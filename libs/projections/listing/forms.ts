const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const rfc3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Whether Postgres would take `text` as a uuid in its usual form. */
export const isUuid = (text: string): boolean => uuid.test(text);

/** Whether `text` is an RFC 3339 instant of a day that exists. */
export const isInstant = (text: string): boolean => {
  const day = rfc3339.exec(text)?.[1];
  // Date rolls 30 February over into March; Postgres raises.
  return (
    day !== undefined && !Number.isNaN(Date.parse(text)) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
  );
};
