/** Figures of one transport, for whoever asks. */
import { SfuError } from '../errors.js';
import type { StreamStats, TransportStats } from '../worker/control.js';
import type { Engine } from './engine.js';
import { matchingCodec } from './producer.js';

export function transportStats(engine: Engine, id: string): TransportStats {
  const transport = engine.transports.get(id);
  if (!transport) throw new SfuError('not-found', `no transport ${id}`);
  const { table } = engine;
  const producers: StreamStats[] = [];
  for (const producer of transport.producers.values()) {
    for (const encoding of producer.encodings) {
      producers.push({
        id: producer.id,
        kind: producer.kind,
        codec: encoding.codec?.name,
        ssrc: encoding.ssrc || undefined,
        rid: encoding.rid,
        packets: encoding.packets,
        bytes: encoding.bytes,
        bitrateBps: encoding.bitrateBps,
        lost: encoding.reception?.cumulativeLost ?? 0,
        jitterMs: encoding.reception?.jitterMs ?? 0,
        nacks: encoding.nacksSent,
        plis: encoding.keyFrames.sent,
        retransmitted: encoding.repaired,
      });
    }
  }
  const virtualStreams = [...transport.streams.values()].map((stream) => {
    const codec = stream.epoch?.encoding.codec;
    return {
      id: stream.id,
      kind: stream.kind,
      codec: codec ? matchingCodec(codec, stream.codecs)?.name : undefined,
      ssrc: stream.downlink.ssrc,
      packets: table.packets[stream.number],
      bytes: table.octets[stream.number],
      bitrateBps: stream.bitrateBps,
      lost: stream.reported.lost,
      jitterMs: stream.reported.jitterMs,
      nacks: stream.nacks,
      plis: stream.plis,
      retransmitted: stream.retransmitted,
      source: stream.producer?.id ?? null,
    };
  });
  return {
    state: transport.state,
    roundTripMs: transport.roundTripMs,
    srtpProfile: transport.srtpProfile,
    sendLoss: engine.transportCc.history(transport.number)?.figures(engine.datapath.nowUs()).lossShare ?? 0,
    producers,
    virtualStreams,
  };
}
