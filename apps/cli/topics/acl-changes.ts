import { ConfigurationError } from '#platform/configuration';
import type { AclEntry, Admin } from 'kafkajs';
import kafkajs from 'kafkajs';

// A CommonJS module, whose names Node sees only in part.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** One difference between the cluster's access control and the file. */
export interface AclChange {
  entry: AclEntry;
  /** `add`: the file asks for it. `not in the file`: somebody gave it, and `--prune` takes it back. */
  action: 'add' | 'not in the file';
}

/** An entry in words, for example `User:billing-relay may WRITE topic billing.events.v1`. */
export const aclWords = (entry: AclEntry): string => {
  const verb = entry.permissionType === AclPermissionTypes.DENY ? 'must not' : 'may';
  const operation = wordOf(AclOperationTypes, entry.operation);
  const resource = wordOf(AclResourceTypes, entry.resourceType).toLowerCase();
  const all = entry.resourcePatternType === ResourcePatternTypes.PREFIXED ? '*' : '';
  const from = entry.host === '*' ? '' : ` from ${entry.host}`;
  return `${entry.principal} ${verb} ${operation} ${resource} ${entry.resourceName}${all}${from}`;
};

/** Kafka's word for a number of its protocol. */
const wordOf = (words: object, number: number): string =>
  Object.entries(words).find(([, value]) => value === number)?.[0] ?? String(number);

/**
 * Every entry of the cluster that bears on our topics or consumer groups, or on a login of the file.
 * Throws ConfigurationError where the brokers have no authorizer.
 */
export const findAcls = async (admin: Admin, wanted: readonly AclEntry[]): Promise<AclEntry[]> => {
  const principals = new Set(wanted.map(({ principal }) => principal));
  const { resources } = await admin
    .describeAcls({
      resourceType: AclResourceTypes.ANY,
      resourcePatternType: ResourcePatternTypes.ANY,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ANY,
    })
    .catch((error: unknown) => {
      if ((error as { type?: string }).type !== 'SECURITY_DISABLED') throw error;
      throw new ConfigurationError(
        'these brokers check no access: set authorizer.class.name in their server.properties, or leave --acls out',
      );
    });
  return resources
    .flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
      acls.map((acl) => ({ resourceType, resourceName, resourcePatternType, ...acl })),
    )
    .filter((entry) => principals.has(entry.principal) || wanted.some((each) => bearsOn(entry, each)));
};

/** Whether an entry decides about the resource that another one names. */
const bearsOn = (entry: AclEntry, { resourceType, resourceName }: AclEntry): boolean => {
  if (entry.resourceType !== resourceType) return false;
  if (entry.resourceName === '*') return true;
  return entry.resourcePatternType === ResourcePatternTypes.PREFIXED
    ? resourceName.startsWith(entry.resourceName)
    : resourceName === entry.resourceName;
};

/** Compares. */
export const planAcls = (wanted: readonly AclEntry[], found: readonly AclEntry[]): AclChange[] => {
  const [there, asked] = [new Set(found.map(keyOf)), new Set(wanted.map(keyOf))];
  return [
    ...wanted.filter((entry) => !there.has(keyOf(entry))).map((entry) => ({ entry, action: 'add' as const })),
    ...found
      .filter((entry) => !asked.has(keyOf(entry)))
      .map((entry) => ({ entry, action: 'not in the file' as const })),
  ];
};

const keyOf = ({
  resourceType,
  resourceName,
  resourcePatternType,
  principal,
  host,
  operation,
  permissionType,
}: AclEntry) =>
  JSON.stringify([resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType]);

/** Adds what is missing; takes back what is not in the file only where `prune` says so. */
export const applyAcls = async (admin: Admin, changes: readonly AclChange[], prune: boolean): Promise<void> => {
  const entriesOf = (action: AclChange['action']) =>
    changes.filter((change) => change.action === action).map(({ entry }) => entry);
  const missing = entriesOf('add');
  if (missing.length > 0) await admin.createAcls({ acl: missing });
  const extra = prune ? entriesOf('not in the file') : [];
  if (extra.length > 0) await admin.deleteAcls({ filters: extra });
};
