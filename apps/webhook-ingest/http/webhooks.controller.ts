import { ProblemError } from '#platform/http';
import { addressOf } from '#platform/tls';
import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

import { Reception } from '../receive/reception.js';
import { endpointUnknown } from '../receive/refusals.js';
import { DeliveryDenials } from './delivery-denials.js';

interface Received {
  received: true;
  duplicate?: true;
}

/** The endpoint of all connected accounts, or of one. */
const accountForm = /^(connect|acct_[A-Za-z0-9]{1,200})$/;

@Controller('webhooks/stripe')
export class WebhooksController {
  constructor(
    private readonly reception: Reception,
    private readonly denials: DeliveryDenials,
  ) {}

  @Post()
  @HttpCode(200)
  platform(@Req() request: FastifyRequest): Promise<Received> {
    return this.#receive('', request);
  }

  @Post(':account')
  @HttpCode(200)
  async connected(@Param('account') account: string, @Req() request: FastifyRequest): Promise<Received> {
    if (!accountForm.test(account)) throw endpointUnknown();
    return this.#receive(account, request);
  }

  async #receive(account: string, request: FastifyRequest): Promise<Received> {
    const { body, raw } = request;
    if (!Buffer.isBuffer(body))
      throw new ProblemError(415, 'media_type_not_supported', 'send the body as application/json');
    // Elsewhere Node joins a header that came twice into one that never was sent.
    const header = raw.headersDistinct['stripe-signature'];
    const { duplicate, replayed } = await this.reception.receive({ account, header, body, address: addressOf(raw) });
    if (replayed) this.denials.replayed(request);
    return duplicate ? { received: true, duplicate } : { received: true };
  }
}
