/**
 * What a bare loop costs on the worker's core: copy, header, the same cipher, one `sendto` a packet. Its receivers are sockets
 * like the subscribers', drained by this process and not decrypted.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createDatapath, type Datapath, type YardstickOptions, type YardstickResult } from '@efir/datapath';
import { BenchError } from '../errors.js';
import { PACKET_BYTES } from './frame-shape.js';

const SCRIPT = fileURLToPath(new URL('./yardstick-main.js', import.meta.url));
const HOST = '127.0.0.1';

export class Yardstick {
  readonly #child: ChildProcess;
  readonly #drain: Datapath;
  readonly #receivers: { address: string; port: number }[];

  constructor(receivers: number, pin: number | undefined) {
    const drain: Datapath = createDatapath(
      { slots: 1024, maxPeers: 1 },
      {
        // Packets of nobody are counted and dropped within.
        onReadable: () => {
          while (drain.receive() > 0);
        },
        onPeerEvent: () => {},
        onTcpOutput: () => {},
      },
    );
    this.#drain = drain;
    this.#receivers = Array.from({ length: receivers }, () => ({
      address: HOST,
      port: drain.openUdp({ address: HOST, port: 0 }).port,
    }));
    this.#child = fork(SCRIPT, [], {
      execPath: pin === undefined ? process.execPath : 'taskset',
      execArgv: pin === undefined ? [] : ['-c', String(pin), process.execPath],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** ns of CPU per packet. */
  async run(packets: number, burst: number): Promise<number> {
    const options: YardstickOptions = {
      receivers: this.#receivers,
      packets,
      packetBytes: PACKET_BYTES,
      burst,
      profile: 'AEAD_AES_128_GCM',
    };
    this.#child.send(options);
    const [result] = (await once(this.#child, 'message')) as [YardstickResult | { error: string }];
    if ('error' in result) throw new BenchError(`the yardstick failed: ${result.error}`);
    return result.cpuNs / result.packets;
  }

  /** Packets that arrived at its receivers, and that the kernel dropped there. */
  drained(): { received: number; dropped: number } {
    const { rxFromUnknown, rxKernelDrops } = this.#drain.stats();
    return { received: rxFromUnknown, dropped: rxKernelDrops };
  }

  close(): void {
    this.#child.disconnect();
    this.#drain.close();
  }
}
