import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { LogBroken, isTrustworthy } from '#audit';
import { Command } from 'commander';

import { showProgress } from '../../progress.js';
import { UsageError, orUsage, refusingUsage } from '../../usage.js';
import { brokenAsJson, goodAsJson, unknownAsJson } from './as-json.js';
import { brokenAsText, goodAsText, unknownAsText } from './as-text.js';
import { exitBroken, exitCouldNotTell } from './outcome.js';
import type { LogToVerify } from './run.js';
import { verify } from './run.js';
import { logInFolder, logOnWeb } from './sources/log-sources.js';
import { OpeningsOnWeb, openingsInFolder } from './sources/openings.js';
import { BoundedWeb } from './sources/web.js';

interface VerifyOptions {
  dir?: string;
  url?: string;
  receipt?: string[];
  from?: string[];
  vkey?: string[];
  witnesses?: string;
  openings?: string;
  allEvents?: boolean;
  tokenFile?: string;
  tenant?: string;
  json?: boolean;
  quiet?: boolean;
}

const explained = (command: string): string => `
Nothing of it needs the service, its database or its code to be trusted: only keys. It ends with 0 when all that was looked at is good, with 1
when something is broken, and says what and where, with 2 when it could not be told, with 64 when it was called wrongly.

The key of the log comes from --vkey: a vkey, or a file of them. Without it the log's own file vkey is believed, and that is said.

Examples:
  ${command} --url https://billing.example.com/v1/audit --vkey vkey --from last-month.checkpoint
  ${command} --dir export --openings export/openings --vkey vkey --witnesses policy
  ${command} --receipt refund.tlog-proof --vkey vkey                   (offline)
`;

const collected = (value: string, all: string[] = []): string[] => [...all, value];

/** `billing audit verify`: the audit log as an outsider verifies it. Reads no setting, no database and nothing of the service. */
export const verifyCommand = (name = 'verify'): Command => {
  const command = refusingUsage(new Command(name))
    .summary('verify the audit log, or receipts of it, as an outsider')
    .description(
      'Verifies the tree and its signatures, that no position of a shard is left out, every leaf against its event where events are at hand, ' +
        'that the log extends what it was, and receipts offline.',
    )
    .option('--dir <folder>', 'the log: a folder, such as an export')
    .option(
      '--url <url>',
      'the log: its address, https or on this machine, such as https://billing.example.com/v1/audit',
    )
    .option('--receipt <file>', 'a receipt (.tlog-proof); may be repeated', collected)
    .option('--from <file>', 'a checkpoint that was kept, which the log must extend; may be repeated', collected)
    .option('--vkey <key>', 'the key that is believed: a vkey, or a file of them; may be repeated', collected)
    .option('--witnesses <file>', 'which witnesses must have seen the checkpoint: a policy (c2sp.org/tlog-policy)')
    .option('--openings <folder>', 'events and salts (default: openings in the folder of the log, where there are any)')
    .option('--all-events', 'a leaf whose event is not at hand is a finding')
    .option('--token-file <file>', 'a token, to read the events that --url gives to their owner or an auditor')
    .option('--tenant <id>', 'whose events to read, for a token that is bound to no tenant')
    .option('--json', 'print one JSON object')
    .option('--quiet', 'show no progress')
    .addHelpText('after', explained(name === 'verify' ? 'billing audit verify' : name))
    .action((options: VerifyOptions) => orUsage(command, () => run(options)));
  return command;
};

const run = async (options: VerifyOptions): Promise<void> => {
  const { receipt: receipts = [], from = [], vkey = [] } = options;
  const log = logOf(options);
  if (!log && receipts.length === 0) throw new UsageError('name a log (--dir or --url) or a receipt (--receipt)');
  if (!log && from.length > 0) throw new UsageError('--from needs the log that is to extend it: --dir or --url');
  const display = options.quiet ? undefined : showProgress('leaves');
  try {
    const report = await verify({
      log,
      ...{ receipts, from, vkey },
      witnesses: options.witnesses,
      allEvents: options.allEvents === true,
      onProgress: (verified, size) => display?.update(verified, size),
    });
    display?.stop();
    console.log(options.json ? JSON.stringify(goodAsJson(report)) : goodAsText(report));
  } catch (error) {
    display?.stop();
    sayWhyNot(error, options.json === true);
  }
};

/** Broken is said on standard output, as good is. What nobody foresaw is no verdict, whatever it is. Throws UsageError. */
const sayWhyNot = (error: unknown, json: boolean): void => {
  if (error instanceof UsageError) throw error;
  if (error instanceof LogBroken) {
    console.log(json ? JSON.stringify(brokenAsJson(error.finding)) : brokenAsText(error.finding));
    process.exitCode = exitBroken;
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (json) console.log(JSON.stringify(unknownAsJson(message)));
  else console.error(unknownAsText(message));
  process.exitCode = exitCouldNotTell;
};

const logOf = (options: VerifyOptions): LogToVerify | undefined => {
  const { dir, url } = options;
  if (dir !== undefined && url !== undefined) throw new UsageError('name one log: --dir or --url');
  if (url === undefined && (options.tokenFile ?? options.tenant) !== undefined)
    throw new UsageError('--token-file and --tenant go with --url');
  if (dir !== undefined)
    return {
      files: logInFolder(folderOf('--dir', dir)),
      source: dir,
      isCopy: true,
      openings: openingsOf(options, dir),
    };
  return url === undefined ? undefined : logOnTheWeb(options, url);
};

const openingsOf = ({ openings, allEvents }: VerifyOptions, dir: string) => {
  if (openings !== undefined) return openingsInFolder(folderOf('--openings', openings));
  const beside = join(dir, 'openings');
  return isFolder(beside) || allEvents === true ? openingsInFolder(beside) : undefined;
};

const logOnTheWeb = ({ tokenFile, tenant, openings, allEvents }: VerifyOptions, url: string): LogToVerify => {
  const prefix = addressOf(url);
  const headers = {
    ...(tokenFile !== undefined && { authorization: `Bearer ${tokenIn(tokenFile)}` }),
    ...(tenant !== undefined && { 'billing-tenant': tenant }),
  };
  const files = logOnWeb(new BoundedWeb(), prefix); // which is public: the token is for events alone
  const given = openings === undefined ? undefined : openingsInFolder(folderOf('--openings', openings));
  const asked = tokenFile === undefined ? undefined : new OpeningsOnWeb(new BoundedWeb(headers), prefix);
  if (allEvents === true && !(given ?? asked)) throw new UsageError('--all-events needs --openings or --token-file');
  return { files, source: prefix.href, isCopy: false, openings: given ?? asked };
};

const addressOf = (text: string): URL => {
  if (!URL.canParse(text)) throw new UsageError('--url must be the address of a log');
  const url = new URL(text);
  if (!isTrustworthy(url)) throw new UsageError('--url must be https, or http on this machine');
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new UsageError('--url has a path and nothing behind it; a token is read from --token-file');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
};

const tokenIn = (path: string): string => {
  try {
    const token = readFileSync(path, 'utf8').trim();
    if (/^[A-Za-z0-9._~+/=-]{1,16384}$/.test(token)) return token;
  } catch (error) {
    throw new UsageError(`the token cannot be read: ${(error as Error).message}`);
  }
  throw new UsageError(`there is no token in ${path}`);
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const folderOf = (option: string, path: string): string => {
  if (isFolder(path)) return path;
  throw new UsageError(`${option}: there is no folder ${path}`);
};
