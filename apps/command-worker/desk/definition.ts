import type { NamedAction } from '#access';
import { actionOfCommand } from '#access';
import type { CommandDefinition } from '#command-handling';
import { bodyLimitBytes, bodyOf, commandTypes, isCommandType, validation } from '#command-handling';

import type { CommandRecord } from '../record/command-record.js';
import { CommandUnknown } from './rejection.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const pipe = validation();

/** What a record's type, version and subject stand for. Throws CommandUnknown. */
export const definitionOf = ({ type, schemaVersion, subject }: CommandRecord): CommandDefinition => {
  if (!isCommandType(type))
    throw new CommandUnknown('unknown_command_type', 'ce_type', 'there is no command of this type');
  const definition = commandTypes[type];
  if (String(definition.version) !== schemaVersion)
    throw new CommandUnknown(
      'unknown_command_version',
      'ce_schemaversion',
      `${type} has the version ${definition.version}`,
    );
  if (definition.subject === undefined && subject !== undefined)
    throw new CommandUnknown('invalid_subject', 'ce_subject', `${type} makes something new and has no subject`);
  if (definition.subject !== undefined && !uuid.test(subject ?? ''))
    throw new CommandUnknown(
      'invalid_subject',
      'ce_subject',
      `the subject of ${type} is the id of a ${definition.subject}, a UUID in lower case`,
    );
  return definition;
};

/** The row of the table for a type of command that there is: the boot has made sure of it. */
export const actionOf = (type: string): NamedAction => {
  const action = actionOfCommand(type);
  if (!action) throw new Error(`${type} has no row in libs/access/actions.ts`);
  return action;
};

/** The body as the DTO of its command, by the rules of HTTP. Throws CommandUnknown and InvalidInput. */
export const readBody = async (bytes: Buffer, { dto }: CommandDefinition): Promise<object> => {
  if (bytes.length > bodyLimitBytes)
    throw new CommandUnknown('body_too_large', 'body', 'the body is larger than 64 KiB');
  return (await pipe.transform(bodyOf(bytes), { type: 'body', metatype: dto })) as object;
};
