import { TenantStanding } from '#access/tenancy';
import type { CheckoutStanding, CommandContext } from '#command-handling';
import {
  CommandExecutor,
  ConfirmCheckoutSessionCommand,
  FinishCheckoutActionCommand,
  Fingerprints,
  checkoutStanding,
  commandIdOf,
} from '#command-handling';
import { CheckoutSessionClosed } from '#domain/checkout-session';
import { addressOf } from '#platform/tls';
import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';

import { ProblemError } from '../http/problem.js';
import { ClientSecrets } from '../vault/client-secrets.js';
import type { CspReport } from './csp-reports.js';
import { CspReports } from './csp-reports.js';
import { ConfirmCheckoutDto } from './dto.js';
import { CheckoutLimits } from './limits.js';
import type { Linked } from './links.js';
import { CheckoutLinks } from './links.js';
import type { CheckoutOutcome } from './outcome.js';
import { outcomeOf } from './outcome.js';
import { assets } from './page/index.js';
import type { RenderedPage } from './pages.js';
import { CheckoutPages } from './pages.js';
import { CheckoutSite } from './site.js';

/** How long a payer's browser waits for the processor before it asks how it stands. */
const waitMs = 10_000;

/** The page that a payer pays on, and what its script calls. The link in the path is all that a payer has, and gives the right to one session. */
@ApiExcludeController()
@Controller('checkout')
export class CheckoutController {
  constructor(
    private readonly site: CheckoutSite,
    private readonly links: CheckoutLinks,
    private readonly limits: CheckoutLimits,
    private readonly standing: TenantStanding,
    private readonly executor: CommandExecutor,
    private readonly bus: CommandBus,
    private readonly fingerprints: Fingerprints,
    private readonly secrets: ClientSecrets,
    private readonly pages: CheckoutPages,
    private readonly reports: CspReports,
  ) {}

  @Get('assets/:name')
  async asset(@Req() request: FastifyRequest, @Param('name') name: string, @Res() reply: FastifyReply): Promise<void> {
    const asset = assets.get(name);
    if (!asset) {
      await this.limits.assertNetwork(addressOf(request.raw));
      throw new ProblemError(404, 'asset_not_found', 'there is no such file of the checkout page');
    }
    await reply
      .headers({ 'content-type': asset.type, 'cache-control': 'public, max-age=31536000, immutable' })
      .send(asset.body);
  }

  /** What browsers report is taken from anybody, bounded, and answered with nothing. */
  @Post('csp-reports')
  @HttpCode(204)
  async report(@Req() request: FastifyRequest): Promise<void> {
    await this.limits.assertNetwork(addressOf(request.raw));
    const { body } = request;
    if (Array.isArray(body)) this.reports.take(body as CspReport[]);
  }

  /** Where a bank sends a payer back to whom it had to take away: the same for everybody, and without a link in it. */
  @Get('return')
  async returned(@Res() reply: FastifyReply): Promise<void> {
    const { status, headers, html } = this.pages.returned();
    await reply.status(status).headers(headers).send(html);
  }

  /** A link that was cut off before its token is a page that does not exist. */
  @Get()
  async none(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.page(request, '', reply);
  }

  @Get(':token')
  async page(@Req() request: FastifyRequest, @Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    const { status, headers, html } = await this.#rendered(request, token);
    await reply.status(status).headers(headers).send(html);
  }

  @Get(':token/status')
  async status(@Req() request: FastifyRequest, @Param('token') token: string): Promise<CheckoutOutcome> {
    const found = await this.#find(request, token);
    if (!found) throw unknownPage();
    return this.#outcome(found.linked, found.standing);
  }

  /** The same token again changes nothing, and is answered with how it stands by then: nothing is charged twice. */
  @Post(':token/confirm')
  @HttpCode(200)
  async confirm(
    @Req() request: FastifyRequest,
    @Param('token') token: string,
    @Body() { confirmationToken }: ConfirmCheckoutDto,
  ): Promise<CheckoutOutcome> {
    const linked = await this.#fromPage(request, token);
    await this.limits.assertConfirmations(linked.checkoutSessionId);
    await this.standing.assertMayWrite(linked.tenantId);
    const context = await this.#contextOf(linked, 'confirm', confirmationToken);
    const command = new ConfirmCheckoutSessionCommand(context, linked.checkoutSessionId, confirmationToken);
    try {
      const standing = await this.bus.execute<ConfirmCheckoutSessionCommand, CheckoutStanding>(command);
      return await this.#outcome(linked, standing);
    } catch (error) {
      if (error instanceof CheckoutSessionClosed)
        throw new ProblemError(410, error.code, 'this page was used, or has expired');
      throw error;
    }
  }

  /** The payer has done what their bank asked: we look whether it is so, and confirm. Whoever says it again changes nothing. */
  @Post(':token/action')
  @HttpCode(200)
  async action(@Req() request: FastifyRequest, @Param('token') token: string): Promise<CheckoutOutcome> {
    const linked = await this.#fromPage(request, token);
    await this.limits.assertActions(linked.checkoutSessionId);
    await this.standing.assertMayWrite(linked.tenantId);
    const context = await this.#contextOf(linked, 'action', randomUUID());
    const command = new FinishCheckoutActionCommand(context, linked.checkoutSessionId);
    return this.#outcome(linked, await this.bus.execute<FinishCheckoutActionCommand, CheckoutStanding>(command));
  }

  /** Whose page it is that asks for a change. Throws ProblemError: 429, 403 for what is not the page itself, 404. */
  async #fromPage(request: FastifyRequest, token: string): Promise<Linked> {
    const linked = await this.#open(request, token);
    if (request.headers.origin !== this.site.origin)
      throw new ProblemError(403, 'origin_refused', 'only the checkout page itself may ask this');
    if (!linked) throw unknownPage();
    return linked;
  }

  /** The page that a link opens, counted; undefined where it opens none. Throws ProblemError 429. */
  async #open(request: FastifyRequest, token: string): Promise<Linked | undefined> {
    const linked = await this.links.open(token);
    await (linked
      ? this.limits.assertPage(linked.checkoutSessionId)
      : this.limits.assertNetwork(addressOf(request.raw)));
    return linked;
  }

  /** Whoever opens a page is answered with one, also where they asked too often. */
  async #rendered(request: FastifyRequest, token: string): Promise<RenderedPage> {
    try {
      return await this.pages.render(token, await this.#find(request, token));
    } catch (error) {
      if (error instanceof ProblemError && error.status === 429) return this.pages.busy(error.headers);
      throw error;
    }
  }

  async #find(
    request: FastifyRequest,
    token: string,
  ): Promise<{ linked: Linked; standing: CheckoutStanding } | undefined> {
    const linked = await this.#open(request, token);
    const standing = linked && (await checkoutStanding(this.executor, linked.tenantId, linked.checkoutSessionId));
    return linked && standing && { linked, standing };
  }

  /** The command's id comes of the session and of `what` was brought: the same pair is the same command, from whichever tab. */
  async #contextOf(
    { tenantId, checkoutSessionId }: Linked,
    step: 'confirm' | 'action',
    what: string,
  ): Promise<CommandContext> {
    const path = `/checkout/${checkoutSessionId}/${step}`;
    return {
      tenantId,
      actor: { type: 'person', subject: `checkout:${checkoutSessionId}` },
      commandId: commandIdOf(tenantId, 'checkout', checkoutSessionId, what),
      fingerprint: await this.fingerprints.of(
        tenantId,
        'POST',
        path,
        step === 'confirm' ? { confirmationToken: what } : { action: what },
      ),
      at: new Date().toISOString(),
      waitMs,
    };
  }

  async #outcome({ tenantId }: Linked, standing: CheckoutStanding): Promise<CheckoutOutcome> {
    const { outcome, action } = outcomeOf(standing, new Date().toISOString());
    const secret = action && (await this.secrets.open(tenantId, action.id, action.attempt));
    return secret ? { ...outcome, clientSecret: secret.clientSecret } : outcome;
  }
}

/** Of every link that opens nothing, whatever is wrong with it. */
const unknownPage = (): ProblemError => new ProblemError(404, 'checkout_not_found', 'there is no such checkout page');
