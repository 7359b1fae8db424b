/** A participant's offer, from SDP to answer: opens or re-opens its media session and tells the room what it publishes. */
import { MAX_TRACKS, type OfferRequest } from '@efir/protocol';
import type { SectionParameters } from '@efir/rtc';
import type { z } from 'zod';
import { ServerError } from '../errors.js';
import { readOffer } from '../media/sdp.js';
import type { MediaSession } from '../media/session.js';
import { KIND_OF, type Participant, type Track } from './participant.js';
import type { Room } from './room.js';

type Offer = z.output<typeof OfferRequest>;

/** The answer. `loopback`: the offer came from this machine. */
export function answerOffer(room: Room, participant: Participant, offer: Offer, loopback: boolean): Promise<string> {
  return participant.offers.run(async () => {
    const parsed = readOffer(offer.sdp);
    checkTopology(room, participant);
    const { worker, router } = await room.place.find();
    if (participant.gone) throw new ServerError('not-found', 'you have left the room');
    checkTopology(room, participant);
    if (participant.needsFresh && !offer.fresh) {
      throw new ServerError(
        'conflict',
        'the media transport is gone: make a new PeerConnection and offer with fresh: true',
      );
    }

    const current = offer.fresh ? null : participant.media;
    const { permissions } = participant;
    const session =
      current ??
      room.engine.openSession({
        worker,
        router,
        transport: participant.nextTransportId(),
        policy: { ...permissions, videoCodecs: room.settings.videoCodecs },
        dataAddress: participant.id,
      });
    try {
      const agreed = session.agree(parsed);
      checkTracks(agreed.sections, offer.tracks);
      const answer = await session.accept(agreed, room.engine.candidates(session.worker, loopback));
      checkTopology(room, participant);
      if (participant.gone || room.closed) throw new ServerError('not-found', 'you have left the room');
      room.media.negotiated(participant, session, publishedTracks(session, offer.tracks, participant.tracks));
      return answer;
    } catch (error) {
      if (session !== participant.media) room.engine.closeSession(session);
      throw error;
    }
  });
}

/** What the sending sections carry: as the client says, else as before, else by kind. */
function publishedTracks(session: MediaSession, said: Offer['tracks'], before: readonly Track[]): Track[] {
  const sending = session.sections.filter(({ uplink }) => uplink !== undefined);
  return sending.map(({ mid, kind }) => {
    const track = said.find((one) => one.mid === mid) ?? before.find((one) => one.mid === mid && one.kind === kind);
    const source = track?.source ?? (kind === 'audio' ? 'microphone' : 'camera');
    return { mid, kind, source, muted: track?.muted ?? false };
  });
}

/** Also after waiting: the room may have moved meanwhile. */
function checkTopology(room: Room, participant: Participant): void {
  if (room.topology.usesSfu(participant)) return;
  throw new ServerError('conflict', 'the room is a mesh: connect to each participant, by relay');
}

function checkTracks(sections: readonly SectionParameters[], said: Offer['tracks']): void {
  const sending = sections.filter(({ uplink }) => uplink !== undefined);
  if (sending.length > MAX_TRACKS) throw new ServerError('too-large', `more than ${MAX_TRACKS} tracks are offered`);
  for (const { mid, kind } of sending) {
    const source = said.find((one) => one.mid === mid)?.source;
    if (source && KIND_OF[source] !== kind) {
      throw new ServerError('bad-request', `tracks: section ${mid} is ${kind}, it cannot carry a ${source}`);
    }
  }
}
