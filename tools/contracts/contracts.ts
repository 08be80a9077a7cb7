import { eventTypes } from '#contracts';
import { commandTypes } from '#command-handling';
import { format, resolveConfig } from 'prettier';

import { accessPage, accessText } from './access.js';
import type { ContractSchemas } from './asyncapi.js';
import { asyncApiDocument } from './asyncapi.js';
import { commandSchemas } from './commands.js';
import { eventSchemas } from './events.js';
import { messageSchemas } from './messages.js';
import type { Schema } from './schema.js';
import { commandTypesText, eventTypesText, typeText } from './typescript.js';

/** Where the schemas lie, and where those lie that others rely on. */
export const schemaFolder = 'docs/contracts/schemas';
export const publishedFolder = 'docs/contracts/published';

/** Everything that is made from the code. `root` is the project's folder. */
export const readContracts = async (root: string): Promise<ContractSchemas> => ({
  events: eventSchemas(root),
  commands: await commandSchemas(),
  messages: messageSchemas,
});

/** The schemas of today by their file under `docs/contracts/schemas`: `events/PaymentCaptured.v1.json` and so on. */
export const schemaFiles = ({ events, commands, messages }: ContractSchemas): Map<string, Schema> =>
  new Map([
    ...Object.entries(events).map(([type, schema]): [string, Schema] => [
      `events/${type}.v${eventTypes[type as keyof typeof eventTypes].version}.json`,
      schema,
    ]),
    ...Object.entries(commands).map(([type, schema]): [string, Schema] => [
      `commands/${type}.v${commandTypes[type as keyof typeof commandTypes].version}.json`,
      schema,
    ]),
    ...Object.entries(messages),
  ]);

/** Every file that is made from `contracts`, by its path in the project and in its format. `schemas` holds older versions too. */
export const generatedFiles = async (
  contracts: ContractSchemas,
  schemas: ReadonlyMap<string, Schema>,
): Promise<Map<string, string>> => {
  const { events, commands, messages } = contracts;
  const files = new Map<string, string>([
    ...[...schemas].map(([file, schema]): [string, string] => [`${schemaFolder}/${file}`, json(schema)]),
    ['docs/contracts/asyncapi.json', json(asyncApiDocument(contracts))],
    [accessPage, accessText()],
    ['libs/client/generated/events.ts', eventTypesText(events)],
    ['libs/client/generated/commands.ts', commandTypesText(commands)],
    ['libs/client/generated/command-result.ts', typeText(messages['command-result.v1.json'])],
  ]);
  for (const [path, text] of files) files.set(path, await pretty(path, text));
  return files;
};

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** As `npm run format` would leave it. */
export const pretty = async (path: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(path)), filepath: path });
