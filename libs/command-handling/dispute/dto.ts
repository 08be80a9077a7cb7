import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, Matches, ValidateNested } from 'class-validator';

import { Optional, Prose, proseSchema } from '../fields.js';

const maxTextLength = 20_000;
const file = { pattern: '^file_[A-Za-z0-9_]{1,120}$', example: 'file_1MtJUT2eZvKYlo2CNaw2HvEv' };

/** Words of the merchant's, for the bank to read. */
const Words = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ ...proseSchema(maxTextLength), description }),
    Optional(),
    Prose(maxTextLength),
  );

/** A document that was uploaded to the processor before: never the document itself. */
const Document = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ ...file, description: `Id of a file at the processor: ${description}` }),
    Optional(),
    Matches(new RegExp(file.pattern), { message: '$property must be the id of a file at the processor: file_...' }),
  );

/** What speaks for the merchant in a dispute: the fields of the processor's evidence. It is sealed before it is stored. */
export class DisputeEvidenceDto {
  @Words('Logs that show that the customer used what was bought.')
  accessActivityLog?: string;

  @Words("The customer's billing address.")
  billingAddress?: string;

  @Document('the cancellation policy, as it was shown.')
  cancellationPolicy?: string;

  @Words('How and when the cancellation policy was shown.')
  cancellationPolicyDisclosure?: string;

  @Words('Why the subscription was not canceled.')
  cancellationRebuttal?: string;

  @Document('what the customer wrote.')
  customerCommunication?: string;

  @Words("The customer's email address.")
  customerEmailAddress?: string;

  @Words("The customer's name.")
  customerName?: string;

  @Words('The IP address that the customer bought from.')
  customerPurchaseIp?: string;

  @Document('a document with the signature of the customer.')
  customerSignature?: string;

  @Document('what tells the earlier charge from this one.')
  duplicateChargeDocumentation?: string;

  @Words('How the earlier charge differs from this one.')
  duplicateChargeExplanation?: string;

  @Words("The processor's id of the earlier charge.")
  duplicateChargeId?: string;

  @Words('What was sold.')
  productDescription?: string;

  @Document('the receipt that the customer was sent.')
  receipt?: string;

  @Document('the refund policy, as it was shown.')
  refundPolicy?: string;

  @Words('How and when the refund policy was shown.')
  refundPolicyDisclosure?: string;

  @Words('Why no refund is due.')
  refundRefusalExplanation?: string;

  @Words('When the service was given, readable by people.')
  serviceDate?: string;

  @Document('proof that the service was given.')
  serviceDocumentation?: string;

  @Words('Where it was sent.')
  shippingAddress?: string;

  @Words('Who carried it; several with commas between them.')
  shippingCarrier?: string;

  @Words('When it was sent, readable by people.')
  shippingDate?: string;

  @Document('proof that it was sent.')
  shippingDocumentation?: string;

  @Words('Its tracking number; several with commas between them.')
  shippingTrackingNumber?: string;

  @Document('anything else.')
  uncategorizedFile?: string;

  @Words('Anything else.')
  uncategorizedText?: string;
}

export class SubmitDisputeEvidenceDto {
  @ApiProperty({
    type: DisputeEvidenceDto,
    description:
      'Added to what was staged before; a field again replaces it. `{}` with `submit` submits what is staged.',
  })
  @IsObject()
  @ValidateNested()
  @Type(() => DisputeEvidenceDto)
  evidence!: DisputeEvidenceDto;

  @ApiPropertyOptional({
    default: true,
    description: 'Whether all of it goes to the bank now, which is final. `false` stages it at the processor.',
  })
  @Optional()
  @IsBoolean()
  submit?: boolean;
}
