/** `billing-audit-verify`: `billing audit verify` alone, built into one file that runs on plain Node (npm run build:verifier). */
import { verifyCommand } from './index.js';
import { exitCouldNotTell } from './outcome.js';

try {
  await verifyCommand('billing-audit-verify').parseAsync();
} catch (error) {
  console.error(`billing-audit-verify: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = exitCouldNotTell;
}
