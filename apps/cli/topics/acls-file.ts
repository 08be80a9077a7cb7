import { producerNameForm } from '#access/producers';
import { topics } from '#contracts';
import type { AclEntry } from 'kafkajs';
import kafkajs from 'kafkajs';

import { isRecord } from './topics-file.js';

// A CommonJS module, whose names Node sees only in part.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

const operations = { READ: AclOperationTypes.READ, WRITE: AclOperationTypes.WRITE } as const;

/** Leave to do `operations` on one topic, one consumer group, or all groups whose name begins so. */
export type Grant = { operations: (keyof typeof operations)[] } & (
  { topic: string } | { group: string } | { groupsFrom: string }
);

/** A login of Kafka (`User:principal`) and what it may do. */
export interface Service {
  principal: string;
  grants: Grant[];
}

/** What `deploy/kafka/acls.json` says. */
export interface AclsFile {
  services: Service[];
  /** Upstream services: each of `names` gets the grants, with its name for `{producer}`. */
  producers: Service & { names: string[] };
}

const known = new Set<string>(Object.values(topics));

/** Throws with a line that says what is wrong. */
export function assertAclsFile(content: unknown): asserts content is AclsFile {
  if (!isRecord(content) || !Array.isArray(content.services) || !isRecord(content.producers))
    throw new Error('it must be an object with `services`, a list, and `producers`');
  const { names } = content.producers;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && producerNameForm.test(name)))
    throw new Error('producers.names must be a list of names as `billing producers add` takes them, in lower case');
  const principals = (content.services as unknown[]).map((service) => assertService(service));
  const template = assertService(content.producers);
  if (!template.includes('{producer}')) throw new Error('producers.principal must hold {producer}');
  const all = [...principals, ...(names as string[]).map((name) => template.replaceAll('{producer}', name))];
  const twice = all.find((name, at) => all.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`${twice} is there twice`);
}

const assertService = (service: unknown): string => {
  if (!isRecord(service) || typeof service.principal !== 'string' || !/^[\w.{}-]+$/.test(service.principal))
    throw new Error('each entry must have a principal: the name of a login of Kafka');
  const { principal, grants } = service;
  if (!Array.isArray(grants) || grants.length === 0) throw new Error(`${principal}: grants must be a list`);
  for (const grant of grants as unknown[]) {
    if (!isRecord(grant)) throw new Error(`${principal}: a grant must be an object`);
    const resources = ['topic', 'group', 'groupsFrom'].filter((kind) => typeof grant[kind] === 'string');
    if (resources.length !== 1) throw new Error(`${principal}: a grant names one of topic, group or groupsFrom`);
    if (typeof grant.topic === 'string' && !known.has(grant.topic))
      throw new Error(`${principal}: ${grant.topic} is no topic of the contract`);
    const words = grant.operations;
    if (!Array.isArray(words) || words.length === 0 || !words.every((word) => Object.hasOwn(operations, String(word))))
      throw new Error(`${principal}: operations must be READ, WRITE or both`);
  }
  return principal;
};

/** All services of the file, the upstream ones by their names. */
export const servicesOf = ({ services, producers }: AclsFile): Service[] => [
  ...services,
  ...producers.names.map((name) => ({
    principal: producers.principal.replaceAll('{producer}', name),
    grants: producers.grants.map((grant) =>
      'groupsFrom' in grant ? { ...grant, groupsFrom: grant.groupsFrom.replaceAll('{producer}', name) } : grant,
    ),
  })),
];

/** The entries of Kafka's access control that the file asks for, topics and groups with the cluster's prefix. */
export const aclEntries = (file: AclsFile, prefix: string): AclEntry[] =>
  servicesOf(file).flatMap(({ principal, grants }) =>
    grants.flatMap((grant) =>
      grant.operations.map((word) => ({
        ...resourceOf(grant, prefix),
        principal: `User:${principal}`,
        host: '*',
        operation: operations[word],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  );

const resourceOf = (grant: Grant, prefix: string) => {
  if ('topic' in grant) {
    return {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: `${prefix}${grant.topic}`,
      resourcePatternType: ResourcePatternTypes.LITERAL,
    };
  }
  return 'group' in grant
    ? {
        resourceType: AclResourceTypes.GROUP,
        resourceName: `${prefix}${grant.group}`,
        resourcePatternType: ResourcePatternTypes.LITERAL,
      }
    : {
        resourceType: AclResourceTypes.GROUP,
        resourceName: `${prefix}${grant.groupsFrom}`,
        resourcePatternType: ResourcePatternTypes.PREFIXED,
      };
};
