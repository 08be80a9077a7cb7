import type { AccessAudit, Denial, NamedAction, TokenVerifier } from '#access';
import { AccessDenied, actionOfCommand, isRecorded } from '#access';
import type { CommandCaller, Producer } from '#access/producers';
import { SignatureRefused, commandCaller, mayServe } from '#access/producers';
import type { TenantStanding } from '#access/tenancy';
import { isTenantId } from '#access/tenancy';

import type { CommandRecord, IncomingRecord } from '../record/command-record.js';
import { claimsOf } from '../record/command-record.js';

/** Whom the guard asks. */
export interface CommandGuardParts {
  verifier: Pick<TokenVerifier, 'verifyAsOf'>;
  standing: Pick<TenantStanding, 'assertMayWrite'>;
  audit: AccessAudit;
}

/** A command that its producer did sign, on its way in. */
export interface SignedVisit {
  command: CommandRecord;
  producer: Producer;
  /** Whether its privilege stands in the access log: once for a record, however often it is tried. */
  recorded?: boolean;
}

/** Lets a command through that the table allows (`actions`), as the guard of the api does, and tells the access log of the others. */
export class CommandGuard {
  constructor(private readonly ask: CommandGuardParts) {}

  /** Who gives the command, judged as of `appendedAt`. Throws AccessDenied, and what the database raises where it cannot be asked. */
  async admit(visit: SignedVisit, action: NamedAction, appendedAt: Date): Promise<CommandCaller> {
    const { producer, command } = visit;
    const { tenantId, onBehalfOf } = command;
    const caller = await commandCaller({ producer, tenantId, action, onBehalfOf, appendedAt }, this.ask.verifier);
    if (action.effect === 'writes') await this.ask.standing.assertMayWrite(tenantId);
    if (isRecorded(action, caller.principal)) await this.#record(visit, action, caller);
    return caller;
  }

  /** Tells of a command that was turned away, if that is what `error` says. */
  denied({ command, producer }: SignedVisit, error: unknown): void {
    if (!(error instanceof AccessDenied || error instanceof SignatureRefused)) return;
    const { tenantId, type } = command;
    this.ask.audit.denied({
      ...{ channel: 'kafka', action: actionOfCommand(type)?.name ?? 'unknown', code: error.code, origin: {} },
      caller: { kind: 'service', subject: producer.name },
      ...(mayServe(producer, tenantId) ? { tenantId } : { tenantId: undefined, namedTenantId: tenantId }),
    });
  }

  /** Tells of a record that nobody has signed whom we know: nothing that it says of itself is proved. */
  unproved(record: IncomingRecord, error: unknown): void {
    if (!(error instanceof SignatureRefused)) return;
    const { tenant = '', type = '' } = claimsOf(record);
    const denial: Denial = {
      ...{ tenantId: undefined, channel: 'kafka', action: actionOfCommand(type)?.name ?? 'unknown', code: error.code },
      origin: {},
    };
    this.ask.audit.denied({ ...denial, ...(isTenantId(tenant) && { namedTenantId: tenant.toLowerCase() }) });
  }

  async #record(visit: SignedVisit, { name: action }: NamedAction, caller: CommandCaller): Promise<void> {
    if (visit.recorded === true || caller.scope === undefined) return;
    const { subject: resource, tenantId } = visit.command;
    const { kind, subject, roles } = caller.principal;
    await this.ask.audit.granted({
      ...{ tenantId, channel: 'kafka', action, grant: caller.scope, origin: {} },
      caller: { kind, subject, roles, ...(kind === 'person' && { actingParty: visit.producer.name }) },
      ...(resource !== undefined && { resource }),
    });
    visit.recorded = true;
  }
}
