import type { DenialCode, NamedAction } from '#access';
import type { SignatureCode } from '#access/producers';
import { allActions } from '#access';
import { randomUUID } from 'node:crypto';

import type { Message } from 'kafkajs';

import type { Signer, Wanted } from '../../apps/command-worker/testing/signed-record.js';
import { signedRecord } from '../../apps/command-worker/testing/signed-record.js';
import type { Forge, Json } from './forge.js';
import { hmac } from './forge.js';
import { roles, weakFactors } from './http-attacks.js';
import type { HostileToken } from './hostile-tokens.js';
import type { Sample } from './world.js';

/** The services of the attacks, by what they are registered for. */
export interface Services {
  /** Reads and writes, for the tenant that is attacked, the other and the suspended one. */
  shop: Signer;
  /** May only read. */
  reader: Signer;
  /** Not for the tenant that is attacked. */
  elsewhere: Signer;
  /** Registered nowhere. */
  stranger: Signer;
}

/** A record, and what must become of it. */
export interface CommandAttack {
  name: string;
  message: Message;
  outcome: 'set_aside' | 'rejected';
  reason: string;
}

/** The actions that have a command. */
export const commandActions = allActions.filter(({ command }) => command !== undefined);

/** The command that an action's sample is over Kafka. */
export const wantedOf = ({ command }: NamedAction, { id, body = {} }: Sample, tenantId: string): Wanted => ({
  type: String(command),
  tenantId,
  body,
  ...(id !== undefined && { subject: id }),
});

type Rejected = [name: string, code: DenialCode, signer: Signer, wanted: Wanted];

/** Commands that their service did sign, and that give no right: its own, or that of the person whose token it forwards. */
export const rejectedCommands = async (
  forge: Forge,
  action: NamedAction,
  wanted: Wanted,
  { shop, reader, elsewhere }: Services,
  hostile: readonly HostileToken[],
  tenants: { other: string; suspended: string },
): Promise<CommandAttack[]> => {
  const full = { roles, tenant_id: wanted.tenantId };
  const { stepUpSeconds } = action;
  const behalf = async (claims: Json): Promise<Wanted> => ({
    ...wanted,
    onBehalfOf: await forge.sign({ ...full, ...claims }),
  });
  const weak = stepUpSeconds === undefined ? [] : weakFactors(stepUpSeconds, new Date());
  const rightful = stepUpSeconds === undefined ? wanted : await behalf({});
  const suspended = { ...wanted, tenantId: tenants.suspended };
  const all: Rejected[] = [
    ...hostile.map(({ name, token, code }): Rejected => [
      `a person's token: ${name}`,
      code === 'token_missing' ? 'token_malformed' : code,
      shop,
      { ...wanted, onBehalfOf: token },
    ]),
    ['a person of another tenant', 'tenant_mismatch', shop, await behalf({ tenant_id: tenants.other })],
    ['a person without the scope', 'insufficient_scope', shop, await behalf({ scope: 'billing:read billing:audit' })],
    ['a person without a role', 'insufficient_scope', shop, await behalf({ roles: [] })],
    [
      'a person who lets another service act',
      'token_for_another_service',
      shop,
      await behalf({ act: { sub: 'mall' } }),
    ],
    ['a service that is not for this tenant', 'tenant_mismatch', elsewhere, rightful],
    ...(await Promise.all(
      weak.map(async ([name, claims]): Promise<Rejected> => [
        `a person with ${name}`,
        'insufficient_user_authentication',
        shop,
        await behalf(claims),
      ]),
    )),
    // What takes a second factor is a person's right alone; anything else must be the service's own too.
    ...(stepUpSeconds === undefined
      ? ([
          ['a service without the scope', 'insufficient_scope', reader, wanted],
          ['a person through a service without the scope', 'insufficient_scope', reader, await behalf({})],
          ['a suspended tenant', 'tenant_suspended', shop, suspended],
        ] satisfies Rejected[])
      : ([
          ['a service without a person', 'insufficient_scope', shop, wanted],
          [
            'a suspended tenant',
            'tenant_suspended',
            shop,
            { ...suspended, onBehalfOf: await forge.sign({ ...full, tenant_id: tenants.suspended }) },
          ],
        ] satisfies Rejected[])),
  ];
  return Promise.all(
    all.map(async ([name, reason, signer, each]) => ({
      ...{ name, reason, outcome: 'rejected' as const, message: await signedRecord(signer, each) },
    })),
  );
};

/** Records that nobody signed whom we know, or that say something else than what was signed: nobody is answered. */
export const unsignedCommands = async (
  forge: Forge,
  wanted: Wanted,
  { shop, stranger, elsewhere }: Services,
  trap: string,
  personsToken: string,
): Promise<CommandAttack[]> => {
  const { ce_signature: signature } = (await signedRecord(shop, wanted)).headers as Record<string, string>;
  const [header = '', payload = '', mac = ''] = String(signature).split('.');
  const withHeaders = (headers: Wanted['headers']): Wanted => ({ ...wanted, headers });
  const theirs = (jose: Json): Wanted => ({ ...wanted, jose });
  const impostor = { ...shop, privateKey: forge.theirs.privateKey };
  const secret = forge.publicKey.export({ format: 'pem', type: 'spki' });
  const all: [
    name: string,
    reason: SignatureCode | 'header_missing' | 'header_invalid',
    signer: Signer,
    wanted: Wanted,
  ][] = [
    ['no signature', 'header_missing', shop, withHeaders({ ce_signature: undefined })],
    ['nonsense as a signature', 'signature_malformed', shop, withHeaders({ ce_signature: 'nonsense' })],
    ['two signatures', 'header_invalid', shop, withHeaders({ ce_signature: [String(signature), String(signature)] })],
    ['two signatures in a row', 'signature_malformed', shop, withHeaders({ ce_signature: `${signature}.${mac}` })],
    ['unsigned', 'signature_malformed', shop, withHeaders({ ce_signature: `${header}.${payload}.` })],
    ...(['none', 'HS256'] as const).map((alg): [string, SignatureCode, Signer, Wanted] => [
      `alg: ${alg}`,
      'signature_algorithm_not_allowed',
      shop,
      withHeaders({
        ce_signature: forge.unsigned({}, { alg, typ: 'billing-command+jwt', kid: shop.kid }, hmac(secret)),
      }),
    ]),
    [
      "a person's token as a signature",
      'signature_type_not_allowed',
      shop,
      withHeaders({ ce_signature: personsToken }),
    ],
    ['signed by another key under its kid', 'signature_invalid', impostor, wanted],
    ['keys at a jku', 'signature_invalid', impostor, theirs({ jku: trap })],
    ['a certificate at an x5u', 'signature_invalid', impostor, theirs({ x5u: trap })],
    ...['../../../dev/null', "x' or '1'='1", trap, '__proto__'].map((kid): [string, SignatureCode, Signer, Wanted] => [
      `kid ${kid}`,
      'producer_key_unknown',
      impostor,
      theirs({ kid }),
    ]),
    ['a service that nobody registered', 'producer_key_unknown', stranger, wanted],
    ['a service under the name of another', 'producer_key_unknown', { ...elsewhere, name: shop.name }, wanted],
    ['another body', 'signature_mismatch', shop, { ...wanted, value: Buffer.from('{"amount":1}') }],
    ['another id', 'signature_mismatch', shop, withHeaders({ ce_id: randomUUID() })],
    ['another token', 'signature_mismatch', shop, withHeaders({ ce_onbehalfof: personsToken })],
    ['another subject', 'signature_mismatch', shop, withHeaders({ ce_subject: randomUUID() })],
  ];
  return Promise.all(
    all.map(async ([name, reason, signer, each]) => ({
      ...{ name, reason, outcome: 'set_aside' as const, message: await signedRecord(signer, each) },
    })),
  );
};
