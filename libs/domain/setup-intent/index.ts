export type * from './commands.js';
export type * from './events.js';
export {
  SetupIntentNotFound,
  createSetupIntent,
  decideSetupIntent,
  evolveSetupIntent,
  foldSetupIntent,
  initialSetupIntent,
  setupIntentStatusOf,
} from './setup-intent.js';
export type { SetupIntent, SetupIntentStatus, SetupStage } from './setup-intent.js';
