import { randomUUID } from 'node:crypto';

import type { Player } from './player.js';

/** A life story: what happens on our side and at the processor, before we have heard a word of it by webhook. */
export interface Story {
  name: string;
  play(player: Player): Promise<void>;
}

const paid = async (player: Player, token?: string, amount = 5_000): Promise<string> =>
  player.charge(await player.payer(token), { amount });

const held = async (player: Player, amount = 5_000): Promise<string> =>
  player.charge(await player.payer(), { amount, captureMethod: 'manual' });

const disputed = async (player: Player, token = 'pm_card_createDispute'): Promise<string> =>
  player.disputeOf(await paid(player, token));

const challenged = async (player: Player): Promise<string> => paid(player, 'pm_card_authenticationRequired');

export const stories: readonly Story[] = [
  { name: 'a charge', play: async (player) => void (await paid(player)) },
  {
    name: 'a charge that is declined',
    play: async (player) => void (await paid(player, 'pm_card_chargeCustomerFail')),
  },
  {
    name: 'a decline, and then another card',
    play: async (player) => {
      const payer = await player.payer('pm_card_chargeCustomerFail');
      const paymentId = await player.charge(payer, { amount: 4_000 });
      const { api } = player.bench;
      const paymentMethodId = await api.attach(player.tenantId, payer.customerId, 'pm_card_visa');
      await player.command(paymentId, { type: 'ConfirmPayment', paymentMethodId });
    },
  },
  {
    name: '3-D Secure that the payer passes',
    play: async (player) => player.authenticate(await challenged(player), 'succeed'),
  },
  {
    name: '3-D Secure that the payer fails',
    play: async (player) => player.authenticate(await challenged(player), 'fail'),
  },
  {
    name: '3-D Secure that nobody answers, canceled at the processor',
    play: async (player) => {
      const intent = await player.intentOf(await challenged(player));
      await player.atProcessor(`/v1/payment_intents/${intent}/cancel`);
    },
  },
  {
    name: 'a capture of all',
    play: async (player) => player.command(await held(player), { type: 'CapturePayment', captureId: randomUUID() }),
  },
  {
    name: 'a capture of a part',
    play: async (player) =>
      player.command(await held(player), { type: 'CapturePayment', captureId: randomUUID(), amount: 3_000 }),
  },
  {
    name: 'two captures of a part',
    play: async (player) => {
      const paymentId = await held(player);
      await player.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 3_000, final: false });
      await player.command(paymentId, { type: 'CapturePayment', captureId: randomUUID() });
    },
  },
  {
    name: 'a capture at the processor',
    play: async (player) => {
      const intent = await player.intentOf(await held(player));
      await player.atProcessor(`/v1/payment_intents/${intent}/capture`, { amount_to_capture: '2000' });
    },
  },
  {
    name: 'a hold that is canceled',
    play: async (player) => player.command(await held(player), { type: 'CancelPayment', cancelId: randomUUID() }),
  },
  {
    name: 'a hold that is canceled at the processor',
    play: async (player) => {
      const intent = await player.intentOf(await held(player));
      await player.atProcessor(`/v1/payment_intents/${intent}/cancel`);
    },
  },
  { name: 'a refund of all', play: async (player) => player.refund(await paid(player), 5_000) },
  {
    name: 'two refunds of a part',
    play: async (player) => {
      const paymentId = await paid(player);
      await player.refund(paymentId, 1_000);
      await player.refund(paymentId, 1_500);
    },
  },
  {
    name: 'a refund at the processor',
    play: async (player) => {
      const intent = await player.intentOf(await paid(player));
      await player.atProcessor('/v1/refunds', { payment_intent: intent, amount: '1200' });
    },
  },
  {
    name: 'a refund that is pending for a while',
    play: async (player) => {
      await player.refund(await paid(player, 'pm_card_pendingRefund'), 2_000);
      await player.settle();
    },
  },
  {
    name: 'a refund that succeeds and then fails',
    play: async (player) => {
      await player.refund(await paid(player, 'pm_card_refundFail'), 2_000);
      await player.settle();
    },
  },
  {
    name: 'a bank debit that succeeds days later',
    play: async (player) => {
      await player.charge(await player.payer('pm_usBankAccount_success', 'us_bank_account'), { amount: 7_000 });
      await player.settle();
    },
  },
  { name: 'a dispute', play: async (player) => void (await disputed(player)) },
  { name: 'a dispute that is won', play: async (player) => void (await player.decide(await disputed(player), 'won')) },
  {
    name: 'a dispute that is lost',
    play: async (player) => void (await player.decide(await disputed(player), 'lost')),
  },
  {
    name: 'a dispute that is won, and the funds are taken again',
    play: async (player) => {
      const dispute = await disputed(player);
      await player.decide(dispute, 'won');
      await player.decide(dispute, 'lost');
    },
  },
  {
    name: 'an inquiry that ends',
    play: async (player) =>
      void (await player.decide(await disputed(player, 'pm_card_createDisputeInquiry'), 'warning_closed')),
  },
  {
    name: 'an inquiry that becomes a dispute and is lost',
    play: async (player) => {
      const dispute = await disputed(player, 'pm_card_createDisputeInquiry');
      await player.decide(dispute, 'escalated');
      await player.decide(dispute, 'lost');
    },
  },
  {
    name: 'a refund, and a dispute of the rest',
    play: async (player) => {
      const paymentId = await paid(player);
      await player.refund(paymentId, 1_000);
      const { id } = await player.chargeOf(paymentId);
      await player.atProcessor(`/sandbox/charges/${id}/dispute`, { reason: 'product_not_received' });
    },
  },
  {
    name: 'a warning of fraud, and a review that ends',
    play: async (player) => {
      const paymentId = await paid(player);
      const { id } = await player.chargeOf(paymentId);
      await player.atProcessor(`/sandbox/charges/${id}/warn`);
      const review = await player.atProcessor(`/sandbox/payment_intents/${await player.intentOf(paymentId)}/review`);
      await player.atProcessor(`/v1/reviews/${review.id}/approve`);
    },
  },
  {
    name: 'a card that is taken from its customer at the processor',
    play: async (player) => {
      const payer = await player.payer();
      await player.charge(payer);
      const [method] = await player.bench.stripe.list<{ id: string }>(
        `/v1/customers/${payer.processorCustomerId}/payment_methods`,
      );
      await player.atProcessor(`/v1/payment_methods/${method?.id ?? ''}/detach`);
    },
  },
  {
    name: 'a customer who is deleted at the processor',
    play: async (player) => {
      const payer = await player.payer();
      await player.charge(payer);
      await player.deleteAtProcessor(`/v1/customers/${payer.processorCustomerId}`);
    },
  },
  {
    name: 'a payout that is paid',
    play: async (player) => {
      const { id } = await player.payOut(await player.account(), 3_000);
      await player.conclude(id, 'paid');
    },
  },
  {
    name: 'a payout that is paid, and fails after all',
    play: async (player) => {
      const { id } = await player.payOut(await player.account(), 3_000);
      await player.conclude(id, 'paid');
      await player.conclude(id, 'failed');
    },
  },
  {
    name: 'a payout that is canceled, and another one that is paid',
    play: async (player) => {
      const account = await player.account();
      const { id } = await player.payOut(account, 3_000);
      await player.atProcessor(`/v1/payouts/${id}/cancel`, {}, account);
      await player.conclude((await player.payOut(account, 2_000)).id, 'paid');
    },
  },
  {
    name: 'an account that the processor rejects',
    play: async (player) => {
      const account = await player.account();
      await player.atProcessor(`/v1/accounts/${account}/reject`, { reason: 'fraud' });
    },
  },
];
