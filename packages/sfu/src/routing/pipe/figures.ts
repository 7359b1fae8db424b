/** What one end of a pipe carried in the last second. */
import type { PipeFigures } from '../../worker/control.js';
import type { Encoding } from '../encoding.js';
import { NO_ENCODING } from '../stream-table.js';
import type { PipeEnd } from './pipe-end.js';

/** Streams that are named. */
const MAX_CARRIED = 64;

type Carried = PipeFigures['carried'][number];

export class PipeMeter {
  #atMs: number;
  #rxBytes = 0;
  #txBytes = 0;
  #received = 0;
  #lost = 0;
  #figures: Omit<PipeFigures, 'state'>;

  constructor(readonly end: PipeEnd) {
    this.#atMs = end.transport.engine.now;
    this.#figures = {
      pipe: end.transport.id,
      router: end.transport.router.id,
      role: end.role,
      roundTripMs: null,
      lossShare: 0,
      sendBps: 0,
      receiveBps: 0,
      producers: 0,
      streams: 0,
      carried: [],
    };
  }

  /** As of the last `measure`. */
  get figures(): PipeFigures {
    return { ...this.#figures, state: this.end.transport.state };
  }

  /** Once a second. */
  measure(now: number): void {
    const { transport, role, producers } = this.end;
    const { engine } = transport;
    const seconds = Math.max(0.001, (now - this.#atMs) / 1000);
    this.#atMs = now;
    const stats = engine.datapath.peerStats(transport.peer);
    const { rxBytes = this.#rxBytes, txBytes = this.#txBytes } = stats ?? {};
    const carried = role === 'source' ? this.#sent() : this.#arriving(now);
    this.#figures = {
      pipe: transport.id,
      router: transport.router.id,
      role,
      roundTripMs: transport.roundTripMs === undefined ? null : Math.round(transport.roundTripMs * 10) / 10,
      lossShare: role === 'source' ? this.#sentLoss() : this.#receivedLoss(),
      sendBps: Math.round(((txBytes - this.#txBytes) * 8) / seconds),
      receiveBps: Math.round(((rxBytes - this.#rxBytes) * 8) / seconds),
      producers,
      streams: carried.length,
      carried: carried.slice(0, MAX_CARRIED),
    };
    this.#rxBytes = rxBytes;
    this.#txBytes = txBytes;
  }

  #sent(): Carried[] {
    const { transport } = this.end;
    const { table } = transport.engine;
    const carried: Carried[] = [];
    for (const { number, epoch, bitrateBps } of transport.streams.values())
      if (epoch && table.current[number] !== NO_ENCODING) carried.push(describe(epoch.encoding, bitrateBps));
    return carried;
  }

  #arriving(now: number): Carried[] {
    const carried: Carried[] = [];
    for (const encoding of this.#encodings())
      if (encoding.flows(now)) carried.push(describe(encoding, encoding.bitrateBps));
    return carried;
  }

  /** As the other end's feedback has it. */
  #sentLoss(): number {
    const { engine, number } = this.end.transport;
    return engine.transportCc.history(number)?.figures(engine.datapath.nowUs()).lossShare ?? 0;
  }

  #receivedLoss(): number {
    let received = 0;
    let lost = 0;
    for (const { reception, packets, repaired } of this.#encodings()) {
      received += packets - repaired;
      lost += reception?.cumulativeLost ?? 0;
    }
    const newlyReceived = Math.max(0, received - this.#received);
    const newlyLost = Math.max(0, lost - this.#lost);
    this.#received = received;
    this.#lost = lost;
    return newlyLost === 0 ? 0 : newlyLost / (newlyLost + newlyReceived);
  }

  *#encodings(): Iterable<Encoding> {
    for (const { encodings } of this.end.transport.producers.values()) yield* encodings;
  }
}

function describe({ producer, rid }: Encoding, bitrateBps: number): Carried {
  return { producer: producer.id, bitrateBps: Math.round(bitrateBps), ...(rid !== undefined && { rid }) };
}
