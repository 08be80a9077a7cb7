import { Proofs } from './proofs.js';

it('of no events there are none, at once, also where it is waited for a checkpoint and nothing is published', async () => {
  const proofs = new Proofs(...([] as unknown as ConstructorParameters<typeof Proofs>));
  await expect(proofs.ofAll('a tenant', [], 30_000)).resolves.toEqual([]);
});
