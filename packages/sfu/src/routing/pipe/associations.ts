/**
 * What an end of a pipe has beside media: the control channel, and a bridge for people's data where it has one. Each is an SCTP
 * association of its own over the pipe's DTLS, told apart by their ports.
 */
import { DataBridge, isForBridge } from '../../data/bridge/bridge.js';
import type { Engine } from '../engine.js';
import type { Transport } from '../transport.js';
import { type ChannelEvents, PipeChannel } from './channel.js';
import { PIPE_VERSION } from './messages.js';

export class PipeAssociations {
  readonly channel: PipeChannel;
  readonly bridge: DataBridge | null = null;

  /** Greets the other end as soon as it can. `node`: at the other end, with a bridge to it; nonsense is counted. */
  constructor(
    readonly engine: Engine,
    readonly transport: Transport,
    role: 'client' | 'server',
    node: string | null,
    { message, failed }: Pick<ChannelEvents, 'message' | 'failed'>,
  ) {
    const { data, counters, now } = engine;
    const { peer, router } = transport;
    const events = {
      opened: () => this.channel.send({ type: 'hello', version: PIPE_VERSION }),
      message,
      nonsense: () => counters.pipeMessagesRefused++,
      failed,
    };
    this.channel = data.add(peer, (host) => new PipeChannel(role, host, events, now));
    if (node !== null)
      this.bridge = data.add(peer, (host) => new DataBridge(role, node, router.data(), host, failed, now));
    transport.data = this;
  }

  receive(bytes: Uint8Array): void {
    if (this.bridge && isForBridge(bytes)) this.bridge.receive(bytes);
    else this.channel.receive(bytes);
  }

  /** DTLS is up. */
  start(now: number): void {
    this.channel.start(now);
    this.bridge?.start(now);
  }

  close(): void {
    const { data } = this.engine;
    this.transport.data = null;
    data.close(this.channel);
    if (this.bridge) data.close(this.bridge);
  }
}
