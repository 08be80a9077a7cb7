import type { BillingEvent } from '#domain';
import type { ClientBase } from 'pg';

import { Memory } from '../tables/memory.js';
import type { Place, ProjectedEvent, ReadModel } from '../tables/read-model.js';
import { relationOf } from '../tables/read-model.js';
import { idInStream } from '../tables/stream-ids.js';

export type ProcessorObjectKind = 'customer' | 'payment' | 'connected_account';

interface ProcessorObject {
  tenantId: string;
  processorId: string;
  objectId: string;
  kind: ProcessorObjectKind;
}

const table = 'rm_processor_object';
const rememberedRows = 20_000;

const customerIdOf = idInStream('customer');
const paymentIdOf = idInStream('payment');
const connectedAccountIdOf = idInStream('connected_account');

/** The processor's id that an event says our object has; undefined for events that tell of none. */
const toldBy = (recorded: ProjectedEvent): Omit<ProcessorObject, 'tenantId'> | undefined => {
  const event = recorded.event as BillingEvent;
  switch (event.type) {
    case 'CustomerRegistered':
      return { processorId: event.processorCustomerId, objectId: String(customerIdOf(recorded)), kind: 'customer' };
    case 'ConnectedAccountLinked': {
      const objectId = String(connectedAccountIdOf(recorded));
      return { processorId: event.processorAccountId, objectId, kind: 'connected_account' };
    }
    case 'PaymentActionRequired':
    case 'PaymentProcessing':
    case 'PaymentAuthorized':
    case 'PaymentCaptured':
    case 'PaymentFailed': {
      const { processorPaymentId } = event;
      if (processorPaymentId === undefined) return undefined;
      return { processorId: processorPaymentId, objectId: String(paymentIdOf(recorded)), kind: 'payment' };
    }
    default:
      return undefined;
  }
};

const keyOf = ({ tenantId, processorId, objectId }: ProcessorObject): string =>
  `${tenantId}/${objectId}/${processorId}`;

/**
 * rm_processor_object: which customer, payment or connected account of ours the processor knows under which id. A row, once
 * there, never changes, so that any order and repetition of events ends in the same rows.
 */
export const processorObjectsReadModel = (place: Place = 'live'): ReadModel => {
  const memory = new Memory<ProcessorObject>(rememberedRows);
  const insert = {
    name: `insert_${place}_${table}`,
    text: `insert into ${relationOf(table, place)} (tenant_id, processor_id, object_id, kind)
      select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) on conflict do nothing`,
  };
  return {
    name: 'processor-objects',
    tables: [{ table, key: ['tenant_id', 'processor_id', 'object_id'], columns: [{ name: 'kind' }] }],
    committed: () => {
      memory.committed();
    },
    forget: () => {
      memory.forget();
    },
    apply: async (events: readonly ProjectedEvent[], client: ClientBase) => {
      memory.begin();
      const told = new Map<string, ProcessorObject>();
      for (const recorded of events) {
        const object = toldBy(recorded);
        if (!object) continue;
        const row = { tenantId: recorded.tenantId, ...object };
        const key = keyOf(row);
        if (!memory.get(key)) told.set(key, row);
      }
      if (told.size === 0) return;
      const rows = [...told.values()];
      await client.query({
        ...insert,
        values: [
          rows.map(({ tenantId }) => tenantId),
          rows.map(({ processorId }) => processorId),
          rows.map(({ objectId }) => objectId),
          rows.map(({ kind }) => kind),
        ],
      });
      for (const [key, row] of told) memory.set(key, row);
    },
  };
};
