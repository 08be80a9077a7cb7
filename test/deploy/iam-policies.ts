/** The IAM policies of deploy/iam, made from libs/keys/who-may-decrypt.ts. */
import { proofPurpose } from '../../libs/keys/key-management.js';
import { rotatingPlatformPurposes, tenantPurposes } from '../../libs/keys/rotation/index.js';
import type { KeyCapability, KeyUser } from '../../libs/keys/who-may-decrypt.js';
import { capabilitiesIn } from '../../libs/keys/who-may-decrypt.js';

export interface Statement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string;
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface Policy {
  Version: '2012-10-17';
  Statement: Statement[];
}

/** To be filled in, as are the words in capitals of the README. */
const wrappingKey = 'arn:aws:kms:REGION:ACCOUNT:key/KMS_KEY_ID';
/** The keys that sign the audit log: named by their tag, since there is another one with every rotation. */
const signingKeys = 'arn:aws:kms:REGION:ACCOUNT:key/*';
const taggedForSigning = { StringEquals: { 'aws:ResourceTag/billing': 'audit-log' } };
/** Purposes of what the KMS seals for the platform: keys, and secrets, of which it seals each by itself. */
const secretPurposes: readonly string[] = ['api_key', 'webhook_secret'];
const platformPurposes: readonly string[] = [...rotatingPlatformPurposes, ...secretPurposes];

/** Whose key a capability needs, and of which purpose; undefined for those that are about keys and not about what they seal. */
const keyOf = (capability: KeyCapability): { tenant?: string; platform?: string } | undefined => {
  if (capability === 'audit-salt:mac') return { tenant: 'audit' };
  const word = capability.slice(0, capability.indexOf(':')).replaceAll('-', '_');
  const tenant = tenantPurposes.find((purpose) => purpose === word);
  if (tenant) return { tenant };
  const platform = platformPurposes.find((purpose) => purpose === word);
  return platform === undefined ? undefined : { platform };
};

const tenantContext = ['tenantId', 'purpose', 'environment'];
const platformContext = ['processor', 'purpose', 'environment'];

/** Asks for exactly our context: each of its fields, and no other. */
const conditionOf = (owner: 'tenant' | 'platform', purposes: readonly string[]): Required<Statement>['Condition'] => ({
  StringEquals: {
    'kms:EncryptionContext:environment': 'production',
    'kms:EncryptionContext:purpose': [...purposes].sort(),
    ...(owner === 'platform' && { 'kms:EncryptionContext:processor': 'stripe' }),
  },
  ...(owner === 'tenant' && { Null: { 'kms:EncryptionContext:tenantId': 'false' } }),
  'ForAllValues:StringEquals': {
    'kms:EncryptionContextKeys': owner === 'tenant' ? tenantContext : platformContext,
  },
});

const allow = (Sid: string, Action: string[], Condition?: Statement['Condition']): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource: wrappingKey,
  ...(Condition && { Condition }),
});

/**
 * What a role does with purposes of one kind of owner. Keys have to be opened to seal under them, and where there is none yet it is made,
 * which shows it to nobody. A secret is sealed by the KMS, so who seals one opens none.
 */
const useOf = (owner: 'tenant' | 'platform', capabilities: readonly KeyCapability[]): Statement[] => {
  const purposes = (only: (capability: KeyCapability) => boolean): string[] => {
    const found = capabilities.filter(only).map((capability) => keyOf(capability)?.[owner]);
    return [...new Set(found.filter((purpose) => purpose !== undefined))];
  };
  const name = owner === 'tenant' ? 'Tenant' : 'Platform';
  const isSecret = (purpose: string) => secretPurposes.includes(purpose);
  const [opens, seals] = [purposes((each) => each.endsWith(':open')), purposes((each) => !each.endsWith(':open'))];
  const keys = [...new Set([...opens, ...seals])].filter((purpose) => !isSecret(purpose));
  return [
    ...allowFor(`Open${name}Keys`, ['kms:Decrypt'], owner, keys),
    ...allowFor(
      `Make${name}Keys`,
      [makesKey],
      owner,
      seals.filter((purpose) => !isSecret(purpose)),
    ),
    ...allowFor('OpenSecrets', ['kms:Decrypt'], owner, opens.filter(isSecret)),
    ...allowFor('SealSecrets', ['kms:Encrypt'], owner, seals.filter(isSecret)),
  ];
};

/** Gives it wrapped alone. */
const makesKey = 'kms:GenerateDataKeyWithoutPlaintext';

const allowFor = (Sid: string, actions: string[], owner: 'tenant' | 'platform', purposes: readonly string[]) =>
  purposes.length > 0 ? [allow(Sid, actions, conditionOf(owner, purposes))] : [];

/** New versions of keys, which the role need not be one to open: that those before open, it proves by wrapping them for nobody. */
const rotationOf = (capabilities: readonly KeyCapability[]): Statement[] => {
  const rotated = [
    ...(capabilities.includes('tenant-key:rotate') ? [['Tenant', 'tenant', tenantPurposes] as const] : []),
    ...(capabilities.includes('platform-key:rotate')
      ? [['Platform', 'platform', rotatingPlatformPurposes] as const]
      : []),
  ];
  return rotated.flatMap(([name, owner, purposes]) => [
    allow(`Rotate${name}Keys`, [makesKey], conditionOf(owner, purposes)),
    allow(`Prove${name}Keys`, ['kms:ReEncryptFrom'], { ...conditionOf(owner, purposes), ...onSameKey }),
    allow(`Prove${name}KeysToNobody`, ['kms:ReEncryptTo'], { ...conditionOf(owner, [proofPurpose]), ...onSameKey }),
  ]);
};

const onSameKey = { Bool: { 'kms:ReEncryptOnSameKey': 'true' } };

/**
 * New material for the master key, and everything wrapped anew under it. IAM cannot ask that the context stays the same, so whoever may do
 * this could wrap a key for another purpose: it is a role that opens nothing.
 */
const masterRotationOf = (capabilities: readonly KeyCapability[]): Statement[] => {
  if (!capabilities.includes('master-key:rotate')) return [];
  const rewrap = ['kms:ReEncryptFrom', 'kms:ReEncryptTo'];
  return [
    allow('RewrapTenantKeys', rewrap, { ...conditionOf('tenant', tenantPurposes), ...onSameKey }),
    allow('RewrapPlatformKeysAndSecrets', rewrap, { ...conditionOf('platform', platformPurposes), ...onSameKey }),
    allow('RotateMasterKey', ['kms:ListKeyRotations', 'kms:RotateKeyOnDemand']),
  ];
};

/** Signing the audit log, and looking at the keys that do. A service signs with what the log says that signs it, so the tag need not change. */
const signingOf = (capabilities: readonly KeyCapability[]): Statement[] => {
  const actions = [
    ...(capabilities.includes('checkpoint:show-key') ? ['kms:GetPublicKey'] : []),
    ...(capabilities.includes('checkpoint:sign') ? ['kms:Sign'] : []),
  ];
  if (actions.length === 0) return [];
  const Sid = actions.includes('kms:Sign') ? 'SignAuditLog' : 'LookAtSigningKeys';
  return [{ Sid, Effect: 'Allow', Action: actions, Resource: signingKeys, Condition: taggedForSigning }];
};

/** The policy of a service's role. One that holds no keys is denied KMS as a whole, whatever else is attached to it. */
export const policyOf = (user: KeyUser): Policy => {
  const capabilities = capabilitiesIn('production', user);
  const Statement: Statement[] =
    capabilities.length === 0
      ? [{ Sid: 'HoldsNoKeys', Effect: 'Deny', Action: 'kms:*', Resource: '*' }]
      : [
          ...useOf('tenant', capabilities),
          ...useOf('platform', capabilities),
          ...rotationOf(capabilities),
          ...masterRotationOf(capabilities),
          ...signingOf(capabilities),
        ];
  return { Version: '2012-10-17', Statement };
};

/** As the files have them. */
export const textOf = (policy: Policy): string => `${JSON.stringify(policy, null, 2)}\n`;
