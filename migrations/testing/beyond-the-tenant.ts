/**
 * What roles may do with rows that are not of the tenant in context, and why: the whole of it. The catalogue must grant exactly this, so
 * that a new grant or policy fails until it stands here with its reason. Keys are as `linesOf` writes them: a role without `billing_`, what
 * it may do, the table, the columns where these are few, and the condition where there is one.
 */
export const beyondTheTenant: Record<string, string> = {
  'api: select dead_letter (consumer, created_at, discarded_at, reason)':
    'counts what consumers could not digest, for its metrics, and learns nothing of whose it is',
  'appender: insert event': 'append writes the log; only append runs as the appender',
  'appender: select, insert claim': 'append holds what is unique within a tenant',
  'appender: select, insert command': 'append knows a repeat',
  'appender: select, insert connected_account_holder': 'an account at the processor is one tenant’s, whoever asks',
  'appender: select, insert tenant': 'append looks up shards and suspension; add_tenant adds',
  'appender: select, insert, update counter': 'append keeps sums within their bounds',
  'appender: select, insert, update stream': 'append checks versions and moves them',
  'appender: select, insert, update balance_brought_forward':
    'a trigger brings forward what removed events had in the books; it runs as the appender',
  'appender: update tenant (suspended_at)': 'append lets the row follow TenantSuspended and TenantReinstated',
  'tailer: select event': 'tail tells that something was appended, not what',
  'tailer: select tenant': 'tenants_page and tenant_of_platform, for those who run the deployment',

  'gateway: select event': 'works off the requests of every tenant',
  'gateway: select command': 'decides what the processor’s answers mean, for many tenants in one read',
  'gateway: select tenant (id, shard)': 'finds the shard of whom a call is for',
  'gateway: select, insert, update, delete processor_call':
    'the calls of every tenant, in its hands until their outcome is in the log',
  'gateway: select tenant_key':
    'finds which keys are due and which have rows left, and makes new ones; all are wrapped',
  'gateway: select, insert, update processor_token':
    'opens the token that a call needs, and stores the one it got back',
  'gateway: select rm_payment_method': 'looks daily which cards of all tenants end soon',
  'gateway: delete processor_token where expired': 'clears away what payers presented, and no payment method’s',
  'gateway: select, insert, update, delete client_secret':
    'stores what a customer continues with, and removes what expired',
  'gateway: select rm_processor_object': 'finds whom an object of the processor belongs to',
  'gateway: select rm_balance': 'reconciliation compares the sum of all books with the processor’s',
  'gateway: select, insert, update, delete reconciliation_finding':
    'reconciliation is of the platform’s account, so of every tenant',
  'gateway: select webhook_events (event_id, processor, state)': 'knows which events were never delivered',
  'gateway: insert webhook_events (account, api_version, body_hash, created_at, event_id, livemode, processor, received_at, sealed, source, type) where reconciled':
    'adds those, and decides nothing about them',

  'webhook-ingest: select, insert, update, delete webhook_events': 'whose an event is, it has yet to find out',
  'webhook-ingest: select processor_token (payment_method_id, tenant_id, token_digest)':
    'finds whose payment method is meant, by the digest of a token that it cannot open',
  'webhook-ingest: select rm_processor_object': 'finds whom an object of the processor belongs to',
  'webhook-ingest: select tenant (id, shard)': 'finds the shard of whom an event is about',

  'projector: select event': 'folds the whole log',
  'projector: select, insert, delete rebuild_aside': 'a rebuild folds the whole log',
  'projector: select, insert, update, delete rm_balance': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_customer': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_dispute': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_payment': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_payment_method': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_processor_object': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_refund': 'writes the read models of every tenant',
  'projector: select, insert, update, delete rm_settlement': 'writes the read models of every tenant',

  'relay: select event': 'carries the whole log to Kafka',
  'merkle-anchor: select event': 'seals every event of the log',
  'analyst: select event': 'people who read the log; personal data in it is sealed, and they have no key',
  'analyst: select tenant (id, shard)': 'finds the shard of the tenant they look at',
  'analyst: select dead_letter': 'people who look at what could not be digested',

  'operator: select legal_hold': 'places and releases holds of every tenant',
  'operator: insert legal_hold (reason, stream_id, tenant_id) where not released': 'places holds',
  'operator: update legal_hold (release_reason, released_at) where not released or released':
    'releases those that are not',
  'projector: select balance_brought_forward': 'folds begin with what removed events had in the books',
  'retention: select, delete event': 'removes what is past its retention; a trigger judges every row',
  'retention: select legal_hold': 'removes nothing that is held',
  'retention: select processor_token (payment_method_id, tenant_id)':
    'removes no payment method that can still be charged; not what its token is',
  'retention: select processor_call (stream_id, tenant_id)': 'removes nothing that a call is out for',
  'retention: select dead_letter (stream_id, tenant_id)': 'removes nothing that waits to be digested',

  'command-worker: select, insert, update, delete dead_letter where its own': 'what it could not digest itself',
  'gateway: select, insert, update, delete dead_letter where its own': 'what it could not digest itself',
  'merkle-anchor: select, insert, update, delete dead_letter where its own': 'what it could not digest itself',
  'projector: select, insert, update, delete dead_letter where its own': 'what it could not digest itself',
  'relay: select, insert, update, delete dead_letter where its own': 'what it could not digest itself',
};

/** What roles may do with the tables of `platformTables`, in the same words. */
export const withPlatformTables: Record<string, string> = {
  'appender: select appendable': 'append looks up who may append what',
  'appender: select, update log_head': 'append locks and moves the end of a shard',

  'api: select producer': 'judges which services may call it, and for which tenants',
  'api: select producer_key': 'is loaded with them; the keys are public',
  'api: select checkpoint': 'waits for read models',
  'api: select log_head': 'waits for positions that exist',
  'api: select command_dead_letter (created_at, reason)': 'counts them for its metrics',

  'command-worker: select log_head': 'waits for positions that exist',
  'command-worker: select checkpoint where its own or the read models’':
    'its place, and whether the read models have caught up',
  'command-worker: insert, update checkpoint where its own': 'its place',
  'command-worker: select producer': 'judges who may send what',
  'command-worker: select producer_key': 'verifies signatures',
  'command-worker: insert command_dead_letter': 'writes down what was no command',
  'command-worker: select command_dead_letter (appended_at, created_at, kafka_offset, kafka_partition)':
    'writes each down once',
  'command-worker: delete command_dead_letter where older than 30 days': 'a body may hold what nobody could erase',

  'gateway: select log_head': 'reads the log',
  'gateway: select checkpoint where its own or the read models’': 'its place, and books at rest for reconciliation',
  'gateway: insert, update checkpoint where its own': 'its place',
  'gateway: select platform_key where of the inbox': 'seals the events that it adds',
  'gateway: insert platform_key (processor, purpose, version, wrapped) where of the inbox':
    'makes the first where there is none',
  'gateway: select processor_secret where an API key': 'calls the processor with it',
  'gateway: insert processor_secret where an API key of a trial':
    'stores the one that its environment names outside of production; rotation is the operator’s',
  'gateway: update processor_secret (processor_account, refusal, retires_at, state) where an API key':
    'says what it found of a candidate, whose a key is, and that one of a trial was followed',
  'gateway: select, update expiry_sweep': 'its place in the daily walk through the cards',
  'gateway: select, insert, update, delete reconciliation_run': 'reconciliation is its work',
  'gateway: select, insert, update, delete key_reencryption': 'sealing anew is its work',

  'webhook-ingest: select platform_key where of the inbox or webhook secrets':
    'opens deliveries, and secrets of endpoints that an earlier release sealed',
  'webhook-ingest: insert platform_key (processor, purpose, version, wrapped) where of the inbox':
    'makes the first where there is none, and the one that follows the newest, once a day at most',
  'webhook-ingest: select processor_secret where a webhook secret': 'verifies deliveries',
  'webhook-ingest: insert processor_secret where first webhook secret of a trial':
    'stores the first secret outside of production; rotation is the operator’s',

  'projector: select log_head': 'reads the log',
  'projector: select, insert, update checkpoint where its own': 'its place',
  'tailer: select processor_secret (created_at, environment, kind, retires_at, state)':
    'secret_ages tells how old the secrets in use are, and cannot see what they are',
  'relay: select log_head': 'reads the log',
  'relay: select, insert, update checkpoint where its own': 'its place',
  'relay: select, insert, update, delete relay': 'relays count each other',
  'relay: select, update relay_lease': 'one relay has a shard at a time',
  'merkle-anchor: select log_head': 'reads the log',
  'merkle-anchor: select, insert audit_leaf_run': 'writes where each leaf is, and looks what is missing',
  'merkle-anchor: select, update audit_lease': 'one anchor seals at a time',
  'appender: insert event_removed': 'a trigger writes down what was removed; only it and append run as the appender',
  'retention: select event_removed': 'tells what was removed before',
  'retention: select retention_archive': 'removes nothing without a verified copy',
  'retention: select audit_leaf_run': 'removes nothing that is not sealed, nor the newest that is',
  'retention: select checkpoint (consumer, position, shard) where of the projector':
    'removes nothing that the read models have not digested, nor while a rebuild would miss it in the books',
  'operator: select retention_archive': 'tells what was archived',
  'operator: insert retention_archive (event_count, manifest, manifest_sha256, month, positions, shard, store, tree_size)':
    'says what was archived and verified',
  'analyst: select event_removed': 'tells a removal from a gap',
  'command-worker: select event_removed': 'tells a removal from a gap',
  'gateway: select event_removed': 'tells a removal from a gap',
  'merkle-anchor: select event_removed': 'tells a removal from a gap',
  'operator: select event_removed': 'tells what was removed',
  'projector: select event_removed': 'tells a removal from a gap',
  'relay: select event_removed': 'tells a removal from a gap',
  'api: select audit_leaf_run': 'finds the leaf of an event that its tenant may read',
  'operator: select audit_leaf_run': 'exports openings, each beside its leaf',
  'merkle-anchor: select, insert, update checkpoint where its own': 'its place',
  'analyst: select log_head': 'people who read the log',
  'analyst: select command_dead_letter (appended_at, claimed_producer, claimed_tenant, command_type, created_at, detail, kafka_offset, kafka_partition, message_id, reason)':
    'people who look at what was no command; not at its sealed body',
};

/** Conditions of policies, by the words that stand for them above. */
export const conditionNames: Record<string, string> = {
  "(consumer ~~ (replace(replace((CURRENT_USER)::text, 'billing_'::text, ''::text), '_'::text, '-'::text) || ':%'::text))":
    'its own',
  "(consumer = 'projector:read-models'::text)": 'the read models’',
  "((source = 'reconciled'::text) AND (state = 'received'::text))": 'reconciled',
  "(created_at < (now() - '30 days'::interval))": 'older than 30 days',
  '(expires_at < now())': 'expired',
  '(released_at IS NULL)': 'not released',
  '(released_at IS NOT NULL)': 'released',
  "(consumer ~~ 'projector:%'::text)": 'of the projector',
  "(purpose = 'inbox'::text)": 'of the inbox',
  "(purpose = ANY (ARRAY['inbox'::text, 'webhook_secret'::text]))": 'of the inbox or webhook secrets',
  "(kind = 'api'::text)": 'an API key',
  "(kind = 'webhook'::text)": 'a webhook secret',
  "((kind = 'api'::text) AND (environment <> 'production'::text) AND (retires_at IS NULL) AND (state = 'valid'::text))":
    'an API key of a trial',
  "((kind = 'webhook'::text) AND (environment <> 'production'::text) AND (version = 1) AND (retires_at IS NULL) AND (state = 'valid'::text))":
    'first webhook secret of a trial',
};

/** Who may call which function of the schema, and what one tells or does beyond the tenant in context. */
export const functions: Record<string, { callers: string[]; beyond: string }> = {
  add_tenant: {
    callers: ['billing_api', 'billing_operator'],
    beyond:
      'adds a tenant; for an id that is in use, tells the tenant that has it: only platform administrators get there',
  },
  append: {
    callers: [
      'billing_analyst',
      'billing_api',
      'billing_command_worker',
      'billing_gateway',
      'billing_operator',
      'billing_privacy',
      'billing_webhook_ingest',
    ],
    beyond:
      'appends for any tenant, what `appendable` lets the login append and where; streams, commands, claims and counters are each tenant’s own',
  },
  bookings_of: { callers: ['billing_appender'], beyond: 'nothing: what an event that is given has in the books' },
  copy_indexes_to_rebuild: { callers: [], beyond: 'the owner’s' },
  create_rebuild: { callers: [], beyond: 'the owner’s' },
  gateway_finds_no_more: { callers: [], beyond: 'a trigger’s: it looks at the row alone that is changed' },
  hold_connected_account: {
    callers: ['billing_api'],
    beyond:
      'tells that an account at the processor is another tenant’s, and not whose: only platform administrators get there',
  },
  hold_shard: {
    callers: ['billing_retention'],
    beyond: 'makes appends to a shard wait for the end of a removal, and tells nothing',
  },
  continue_leaf_runs: { callers: [], beyond: 'nothing: a trigger' },
  keep_event: { callers: [], beyond: 'nothing: a trigger' },
  keep_record: { callers: [], beyond: 'nothing: a trigger' },
  key_version_follows: { callers: [], beyond: 'nothing: a trigger' },
  no_removal_beside: { callers: [], beyond: 'nothing: a trigger' },
  record_removal: { callers: [], beyond: 'nothing: a trigger' },
  retention_ends: { callers: ['billing_operator', 'billing_retention'], beyond: 'nothing: seven years before now' },
  retention_refusal: {
    callers: ['billing_retention'],
    beyond: 'tells why an event must stay, with the rights of who asks',
  },
  refuse_change_of_log: { callers: [], beyond: 'nothing: a trigger' },
  secret_ages: {
    callers: ['billing_api', 'billing_gateway', 'billing_webhook_ingest'],
    beyond:
      'tells how old the processor’s secrets are, of each kind; not which there are, and nothing of what they are',
  },
  whole_streams_go: { callers: [], beyond: 'nothing: a trigger' },
  swap_rebuild: { callers: [], beyond: 'the owner’s' },
  tail: {
    callers: ['billing_api', 'billing_command_worker'],
    beyond: 'tells that a stream of any tenant has moved, and nothing of what happened: it wakes those who wait',
  },
  tenant_in_context: {
    callers: [
      'billing_analyst',
      'billing_api',
      'billing_appender',
      'billing_command_worker',
      'billing_console',
      'billing_gateway',
      'billing_merkle_anchor',
      'billing_operator',
      'billing_privacy',
      'billing_projector',
      'billing_relay',
      'billing_retention',
      'billing_tailer',
      'billing_webhook_ingest',
    ],
    beyond: 'nothing',
  },
  tenant_of_platform: {
    callers: ['billing_api', 'billing_operator'],
    beyond: 'tells name and standing of any tenant: only those who run the deployment get there',
  },
  tenants_page: {
    callers: ['billing_api', 'billing_operator'],
    beyond: 'tells name and standing of every tenant: only those who run the deployment get there',
  },
};

/** Tables that belong to no tenant, and why. */
export const platformTables: Record<string, string> = {
  appendable: 'which role may append which event type',
  audit_leaf_run: 'where the leaves of each shard are in the audit log, whosever events they are',
  audit_lease: 'which anchor seals',
  checkpoint: "a reader's place in each shard",
  command_dead_letter: 'what was no command: whom it is from is what it says, not what we know',
  event_removed: 'positions of each shard that a removal has emptied, whosever events stood there',
  expiry_sweep: 'how far the daily walk through the cards of all tenants is',
  key_reencryption: 'runs over the keys of every tenant, or of the one that an operator named',
  log_head: 'the end of each shard',
  master_key_rotation: 'new material for the master key, which is the platform’s',
  migration: 'what TypeORM has applied',
  platform_key: "the platform's own data keys, wrapped",
  processor_secret: "secrets of the platform's endpoints and accounts at the processor, sealed",
  producer: 'services that may publish commands, for one tenant or for many',
  producer_key: 'their public keys',
  reconciliation_run: "comparisons with the processor's account, which is the platform's",
  relay: 'the relays that live',
  relay_lease: 'which relay has which shard',
  retention_archive: 'months of each shard that were copied, whosever events they hold',
};

/** Tenants' tables of which a tenant sees nothing at all, and why: they have no policy for the tenant in context. */
export const closedToTenants: Record<string, string> = {
  balance_brought_forward: 'a part of the books, which a tenant sees as a whole in rm_balance',
  connected_account_holder: 'a function asks it, and tells yes or no',
  dead_letter: 'what our own code failed on is for people who run it',
  legal_hold: 'that somebody is investigated is not for them to see',
  rebuild_aside: 'of a rebuild, for the projector',
  reconciliation_finding: 'of the platform’s account, for people who run it',
  webhook_events: 'whose one is, is found out after it was stored',
};

/** Keys without a tenant in tables that have one, and why. No tenant's request inserts there. */
export const keysAcrossTenants: Record<string, string> = {
  connected_account_holder_pkey: "an account at the processor is one tenant's: this is what keeps the others off",
  tenant_pkey: 'the id is the tenant',
  webhook_events_pkey: 'the processor names its events; whose one is, is found out after it was stored',
};

/** Tenants' tables without a foreign key to `tenant`, and why. */
export const withoutTenantReference: Record<string, string> = {
  claim: 'append, its only writer, has looked the tenant up',
  command: 'append, its only writer, has looked the tenant up',
  counter: 'append, its only writer, has looked the tenant up',
  dead_letter: 'copied from the event',
  event: 'append, its only writer, has looked the tenant up',
  processor_call: 'copied from the event',
  rebuild_aside: 'copied from the event',
  reconciliation_finding: 'the processor’s object names it, perhaps wrongly',
  rm_balance: 'follows from the log',
  rm_customer: 'follows from the log',
  rm_dispute: 'follows from the log',
  rm_payment: 'follows from the log',
  rm_payment_method: 'follows from the log',
  rm_processor_object: 'follows from the log',
  rm_refund: 'follows from the log',
  rm_settlement: 'follows from the log',
  stream: 'append, its only writer, has looked the tenant up',
  tenant: 'the tenants themselves; a tenant sees its own row, by id',
  webhook_events: 'a claim until it was checked',
};
