import type { Action, ActionName } from './actions.js';
import { actions } from './actions.js';

/** A row of the table, with its name. */
export type NamedAction = Action & { readonly name: ActionName };

/** Every row, in the order of the table. */
export const allActions: readonly NamedAction[] = (Object.keys(actions) as ActionName[]).map((name) => ({
  name,
  ...(actions[name] as Action),
}));

const byRoute = new Map(allActions.map((action) => [action.route as string | undefined, action]));
const byCommand = new Map(allActions.map((action) => [action.command, action]));

/** The action of a route by its method and by its pattern as the router has it; undefined where the table has no such row. */
export const actionOfRoute = (method: string, pattern: string | undefined): NamedAction | undefined =>
  // A HEAD is a GET whose body stays behind.
  byRoute.get(`${method === 'HEAD' ? 'GET' : method} ${pattern}`);

/** The action of a command by its type; undefined where the table has no such row. */
export const actionOfCommand = (type: string): NamedAction | undefined => byCommand.get(type);

/** Throws, and so stops the boot, where a type of command has no row in the table, or a row names a command that there is not. */
export const assertCommandsHaveActions = (types: readonly string[]): void => {
  const forgotten = types.filter((type) => !actionOfCommand(type));
  if (forgotten.length > 0)
    throw new Error(`${forgotten.join(', ')}: a command without a row in libs/access/actions.ts`);
  const unknown = allActions.filter(({ command }) => command !== undefined && !types.includes(command));
  if (unknown.length > 0)
    throw new Error(
      `${unknown.map(({ name }) => name).join(', ')}: a row in libs/access/actions.ts names no command of ours`,
    );
};
