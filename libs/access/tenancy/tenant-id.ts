const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether `text` is a UUID in its usual spelling, in either case. */
export const isTenantId = (text: string): boolean => uuid.test(text);

/** Throws a TypeError unless `tenantId` is a UUID: an empty or malformed one must not reach the session of a connection. */
export const assertTenantId = (tenantId: string): void => {
  if (!isTenantId(tenantId)) throw new TypeError('a tenant id is a UUID');
};
