import { confirmationTokenForm } from '#command-handling';
import { Matches } from 'class-validator';

/** What the page's script sends. */
export class ConfirmCheckoutDto {
  @Matches(confirmationTokenForm, { message: 'confirmationToken must be a confirmation token of the processor' })
  confirmationToken!: string;
}
