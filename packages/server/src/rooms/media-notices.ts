/** What the worker says of a participant's transport, brought to their client. */
import type { LayersEvent, QualityEvent } from '@efir/protocol';
import type { MediaSession, QualityNotice } from '../media/session.js';
import type { Distribution } from './distribution.js';
import type { Participant, Track } from './participant.js';

/** `session` is the participant's from now on. */
export function followSession(participant: Participant, session: MediaSession, distribution: Distribution): void {
  participant.layersTold = '';
  session.onNotice = (notice) => {
    if (participant.media !== session) return;
    if (notice.type === 'source') distribution.sourceChanged(participant, notice.mid, notice.producer);
    else if (notice.type === 'layers') tellLayers(participant);
    else participant.client?.send('quality', qualityEvent(notice));
  };
}

/** To a connection that has heard nothing yet. */
export function tellSession(participant: Participant): void {
  const { media, client } = participant;
  participant.layersTold = '';
  tellLayers(participant);
  if (media?.quality) client?.send('quality', qualityEvent(media.quality));
}

function tellLayers(participant: Participant): void {
  const { media, tracks, client } = participant;
  if (!media || !client) return;
  const event = layersEvent(tracks, media.takenLayers);
  const text = JSON.stringify(event);
  if (event.layers.length === 0 || text === participant.layersTold) return;
  participant.layersTold = text;
  client.send('layers', event);
}

/** Of several tracks of one source, the highest. `taken`: by mid. */
export function layersEvent(tracks: readonly Track[], taken: ReadonlyMap<string, number>): LayersEvent {
  const bySource = new Map<Track['source'], number>();
  for (const { mid, source } of tracks) {
    const spatial = taken.get(mid);
    if (spatial !== undefined) bySource.set(source, Math.max(spatial, bySource.get(source) ?? -1));
  }
  return { layers: [...bySource].map(([source, spatial]) => ({ source, spatial })) };
}

function qualityEvent({ type: _, transport: __, ...quality }: QualityNotice): QualityEvent {
  return quality;
}
