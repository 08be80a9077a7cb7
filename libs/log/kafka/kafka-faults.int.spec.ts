import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createEventsTopic } from '../../../test/contract/events-topic.js';
import { faultContract } from '../../../test/contract/faults.js';
import { startLossyProxy } from '../../../test/contract/lossy-proxy.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { startKafka } from '../../../test/kafka/index.js';
import { describeWithKafka } from '../../../test/kafka/suite.js';
import { KafkaLog } from './kafka-log.js';

const produce = 0; // the API key at the start of a request

const said = {
  restart: 'the broker was killed and came back',
  lostAnswer: 'the answer to a batch that the broker has stored is lost',
};

describeWithKafka('the Kafka adapter with a broker of its own', () => {
  faultContract('Kafka', said, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'billing-faults-'));
    const [database, kafka] = await Promise.all([createTestDatabase(), startKafka({ directory })]);
    const [host = '', port] = (kafka.brokers[0] ?? '').split(':');
    const proxy = await startLossyProxy({ host, port: Number(port) });
    const socketFactory = ({ onConnect }: { onConnect: () => void }) => connect(proxy.port, '127.0.0.1', onConnect);
    const topic = await createEventsTopic(database, { brokers: kafka.brokers, socketFactory });
    const pool = database.pool('billing_projector', { max: 6 });
    return {
      database,
      open: (observer) => new KafkaLog({ pool, settings: topic.settings, app: 'projector', observer }),
      restart: async () => {
        await kafka.kill(1);
        await kafka.restart(1);
      },
      loseAnswer: () => proxy.loseAnswerTo((request) => request.length > 6 && request.readInt16BE(4) === produce),
      tearDown: async () => {
        await topic.drop();
        await proxy.close();
        await Promise.all([database.drop(), kafka.discard()]);
      },
    };
  });
});
