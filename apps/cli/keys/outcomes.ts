import { NewestRefused } from '#keys';
import { ConfigurationError } from '#platform/configuration';

/** What became of keys that were to be replaced. */
export class Outcomes {
  rotated = 0;
  /** Whose newest version does not open: nothing was added to them. */
  refused = 0;

  /** Counts what `rotate` comes to: true where there is a newer version now, false where somebody else has made it. */
  async count(rotate: () => Promise<boolean>): Promise<void> {
    try {
      if (await rotate()) this.rotated += 1;
    } catch (error) {
      if (!(error instanceof NewestRefused)) throw error;
      this.refused += 1;
    }
  }

  /** Throws ConfigurationError where every key was refused until now: then it is about the settings, and about no key. */
  assertSettingsFit(): void {
    if (this.refused > 0 && this.rotated === 0)
      throw new ConfigurationError(
        'the newest keys do not open with these settings: BILLING_ENV, the KMS key or the keyring are not those of the service; no key was added',
      );
  }
}
