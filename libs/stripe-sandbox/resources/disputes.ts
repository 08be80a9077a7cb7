import { lists, shows } from '../http/endpoint.js';
import { created, pageOfKind } from '../http/pages.js';
import { evidenceFields } from '../objects/disputes.js';
import { acceptDispute, decideDispute, escalateInquiry, giveEvidence, openDispute } from '../payments/disputes.js';
import type { DisputeRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import type { Reader } from '../wire/params.js';
import { boolean, hash, integerFrom, mergeMetadata, metadata, oneOf, string, unsupported } from '../wire/params.js';

const LONGEST_TEXT = 20_000;

/** Texts are longer here than elsewhere, and an empty one takes back what was said. */
const evidenceText: Reader<string> = (raw, param) => {
  if (raw === '') return '';
  if (typeof raw === 'string' && raw.length > 5_000 && raw.length <= LONGEST_TEXT) return raw;
  return string(raw, param);
};

const notHere = unsupported('it needs an agreement with a card network');
const evidence = hash({
  ...Object.fromEntries(evidenceFields.map((field) => [field, evidenceText])),
  appeal: notHere,
  enhanced_evidence: notHere,
});

const updating = {
  evidence,
  intended_submission_method: oneOf('manual', 'prefer_manual', 'prefer_smart_disputes', 'smart_disputes'),
  metadata,
  submit: boolean,
};

const outcomes = ['won', 'lost', 'warning_closed', 'prevented', 'escalated'] as const;

/** What the bank decides, whatever it decided before. */
const decide = (work: Work, dispute: DisputeRecord, outcome: (typeof outcomes)[number]): DisputeRecord =>
  outcome === 'escalated' ? escalateInquiry(work, dispute) : decideDispute(work, dispute, outcome);

const deciding = { outcome: oneOf(...outcomes) };

const base = '/v1/disputes';

export const disputes = [
  shows('dispute', 'GET', `${base}/:id`, { takes: {}, run: (work, _params, id) => work.get('dispute', id) }),
  shows('dispute', 'POST', `${base}/:id`, {
    takes: updating,
    run: (work, params, id) => {
      const dispute = work.get('dispute', id);
      return giveEvidence(work, dispute, {
        evidence: params.evidence as Record<string, string> | undefined,
        submit: params.submit,
        metadata: mergeMetadata(dispute.metadata, params.metadata),
      });
    },
  }),
  shows('dispute', 'POST', `${base}/:id/close`, {
    takes: {},
    run: (work, _params, id) => acceptDispute(work, work.get('dispute', id)),
  }),
  lists('dispute', base, {
    takes: { charge: string, created, payment_intent: string },
    run: (work, params) => {
      if (params.charge !== undefined) work.get('charge', params.charge, 'charge');
      if (params.payment_intent !== undefined) work.get('payment_intent', params.payment_intent, 'payment_intent');
      const { charge, payment_intent } = params;
      const keep = (dispute: DisputeRecord) => charge === undefined || dispute.charge === charge;
      return pageOfKind(work, 'dispute', params, { owner: payment_intent ?? charge, keep });
    },
  }),
  shows('dispute', 'POST', '/sandbox/charges/:id/dispute', {
    takes: { amount: integerFrom(1), inquiry: boolean, reason: string },
    run: (work, params, id) =>
      openDispute(work, work.get('charge', id), { ...params, reason: params.reason ?? 'fraudulent' }),
  }),
  shows('dispute', 'POST', '/sandbox/disputes/:id/decide', {
    takes: deciding,
    requires: ['outcome'],
    run: (work, params, id) => decide(work, work.get('dispute', id), params.outcome),
  }),
];
