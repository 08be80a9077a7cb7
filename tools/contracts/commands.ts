import 'reflect-metadata';

import type { CommandType } from '#command-handling';
import { commandTypes } from '#command-handling';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

import { sampleOf } from './samples.js';
import type { Schema } from './schema.js';
import { published } from './schema.js';

/** What each command asks for, and what it is about. */
const descriptions: Readonly<Record<CommandType, string>> = {
  CreateCustomer: 'Creates a customer, or answers with the one that has this e-mail address already.',
  SetDefaultPaymentMethod: 'Chooses which payment method the customer in `ce_subject` is offered first.',
  AttachPaymentMethod: "Attaches a payment method to the customer in `ce_subject`, by the processor's token.",
  DetachPaymentMethod: 'Takes the payment method in `ce_subject` from its customer, for good.',
  CreateSetupIntent: 'Sets a payment method up for a customer, without a charge.',
  CreatePayment: 'Creates a payment and, given a payment method, charges it.',
  ConfirmPayment: 'Attempts the payment in `ce_subject`, for the first time or again after a failure.',
  CapturePayment: 'Captures the authorized payment in `ce_subject`, in full or in part.',
  CancelPayment: 'Cancels the payment in `ce_subject`, which has taken nothing yet.',
  RefundPayment:
    'Refunds the payment in `ce_subject`, in full or in part. Only on behalf of a person: `ce_onbehalfof` is an access token of theirs, with step-up.',
  SubmitDisputeEvidence:
    'Sends evidence about the dispute in `ce_subject` to the processor and, unless it is only staged, to the bank, which is final.',
};

/** As Nest's OpenAPI document has it. */
type Described = Omit<Schema, 'properties'> & {
  properties?: Record<string, Described>;
  $ref?: string;
  allOf?: Described[];
  example?: unknown;
};

@Module({})
class NoRoutes {}

/**
 * The schema of each command's body at its present version, made from what the DTO classes say to OpenAPI. A field that is not
 * named is refused, as over HTTP.
 */
export const commandSchemas = async (): Promise<Record<CommandType, Schema>> => {
  const app = await NestFactory.create(NoRoutes, new FastifyAdapter(), { logger: false });
  const { components } = SwaggerModule.createDocument(app, new DocumentBuilder().build(), {
    extraModels: Object.values(commandTypes).map(({ dto }) => dto),
  });
  await app.close();
  const models = (components?.schemas ?? {}) as Record<string, Described>;
  const entries = (Object.keys(commandTypes) as CommandType[]).map((type): [CommandType, Schema] => {
    const { dto, version } = commandTypes[type];
    const model = models[dto.name];
    if (!model) throw new Error(`OpenAPI does not describe ${dto.name}`);
    const body = { ...strict(model, models), description: descriptions[type] };
    return [type, published(`command:${type}:v${version}`, type, { ...body, examples: [sampleOf(type, body)] })];
  });
  return Object.fromEntries(entries) as Record<CommandType, Schema>;
};

/** In the words of JSON Schema, with references filled in, and closed. */
const strict = (described: Described, models: Record<string, Described>): Schema => {
  const { $ref, allOf, example, properties, ...schema } = described;
  const reference = $ref ?? allOf?.[0]?.$ref;
  if (reference !== undefined) {
    const model = models[reference.replace('#/components/schemas/', '')];
    if (!model) throw new Error(`OpenAPI does not describe ${reference}`);
    return { ...strict(model, models), ...schema };
  }
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, strict(property, models)]),
      ),
      additionalProperties: false,
    }),
    ...(example !== undefined && { examples: [example] }),
  };
};
