import type { Cosignature, Finding, VerifiedSignature } from '#audit';

import type { CheckedReceipt } from './receipts.js';
import type { LogReport, Report } from './report.js';
import { notChecked } from './report.js';

const number = new Intl.NumberFormat('en');
/** `1 leaf`, `1,200 leaves`. */
const counted = (count: number, one: string, many: string): string =>
  `${number.format(count)} ${count === 1 ? one : many}`;
const leaves = (count: number): string => counted(count, 'leaf', 'leaves');
const labelWidth = 14;
const shardsShown = 16;

/** What others wrote shows as what it is: no line, no movement of the cursor and no turn of direction of its own. */
const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );

const row = (label: string, text: string): string => `  ${label.padEnd(labelWidth)}${text}`;

const hexId = (id: number): string => id.toString(16).padStart(8, '0');

const signers = (signatures: readonly VerifiedSignature[]): string =>
  signatures.map(({ key }) => `${key.name}+${hexId(key.id)} (${key.type})`).join(', ');

const witnesses = (cosignatures: readonly Cosignature[]): string =>
  cosignatures.map(({ witness, timestamp }) => `${witness} at ${timeOf(timestamp)}`).join(', ');

/** Seconds that a witness may write and no calendar has stay seconds. */
const timeOf = (seconds: bigint): string => {
  const time = new Date(Number(seconds) * 1_000);
  return Number.isNaN(time.getTime()) ? `${String(seconds)} s` : time.toISOString();
};

const shardsOf = (shards: ReadonlyMap<number, number>): string => {
  const sorted = [...shards].sort(([one], [other]) => one - other);
  const shown = sorted.slice(0, shardsShown).map(([shard, position]) => `${String(shard)}:${number.format(position)}`);
  const more = sorted.length > shardsShown ? ` and ${String(sorted.length - shardsShown)} more` : '';
  return `${counted(sorted.length, 'shard', 'shards')}, positions 1 to n of each without a gap: ${shown.join(' ')}${more}`;
};

const logRows = (log: LogReport, { trust, pinned }: Report): string[] => {
  const { checkpoint, cosignatures, extended, shards, events } = log;
  return [
    `The log ${trust.log.origin} is good (${log.source}).`,
    row('tree', `${leaves(checkpoint.size)}; entries, tiles and the signed root agree`),
    row(
      'signed by',
      `${signers(checkpoint.signatures)}, ${pinned ? 'led to by the key you gave' : 'NOT PINNED, see below'}`,
    ),
    ...(trust.witnesses ? [row('witnesses', `${witnesses(cosignatures)}: as many as the policy asks for`)] : []),
    row('positions', shardsOf(shards)),
    ...extended.map(({ size }) => row('extends', `the checkpoint of ${leaves(size)} that was kept`)),
    ...(events
      ? [
          row(
            'events',
            `${leaves(events.opened)} ${events.opened === 1 ? 'is what its event says' : 'are what their events say'}`,
          ),
        ]
      : []),
  ];
};

const receiptRows = (
  { file, index, entry, sealed, checkpoint, cosignatures }: CheckedReceipt,
  report: Report,
): string[] => [
  `The receipt ${file} is good: this event is in the log ${report.trust.log.origin}.`,
  row('event', `${sealed.type} ${sealed.eventId}, recorded ${sealed.recordedAt}`),
  row('stream', `${sealed.streamId} version ${String(sealed.version)}, tenant ${sealed.tenantId}`),
  row(
    'place',
    `position ${number.format(entry.position)} of shard ${String(entry.shard)}; leaf ${number.format(index)} of ${number.format(checkpoint.size)}`,
  ),
  row(
    'signed by',
    `${signers(checkpoint.signatures)}, ${report.pinned ? 'led to by the key you gave' : 'NOT PINNED, see below'}`,
  ),
  ...(report.trust.witnesses ? [row('witnesses', `${witnesses(cosignatures)}: as many as the policy asks for`)] : []),
];

export const goodAsText = (report: Report): string =>
  [
    ...report.receipts.flatMap((receipt) => receiptRows(receipt, report)),
    ...(report.log ? logRows(report.log, report) : []),
    ...notCheckedRows(report),
  ]
    .map(printable)
    .join('\n');

const notCheckedRows = (report: Report): string[] => {
  const missing = notChecked(report);
  return missing.length === 0 ? [] : ['Not checked:', ...missing.map((each) => `  - ${each}.`)];
};

const places = ({ path, index, shard, position }: Finding): string =>
  [
    index === undefined ? undefined : `leaf ${String(index)}`,
    shard === undefined ? undefined : `shard ${String(shard)}`,
    position === undefined ? undefined : `position ${String(position)}`,
    path === undefined ? undefined : `file ${path}`,
  ]
    .filter((each) => each !== undefined)
    .join(', ');

export const brokenAsText = (finding: Finding): string =>
  [
    `BROKEN (${finding.kind}): ${finding.message}`,
    ...(places(finding) === '' ? [] : [`  at ${places(finding)}`]),
    'Rely on nothing of it from there on. Keep this copy, the older checkpoint and the receipts as they are: they are the evidence.',
  ]
    .map(printable)
    .join('\n');

export const unknownAsText = (message: string): string =>
  `COULD NOT TELL: ${printable(message)}\nThis says nothing about the log, neither good nor bad.`;
