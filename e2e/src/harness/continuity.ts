/**
 * Runs inside the pages: for each of the others, the longest time without a new picture on screen and without new sound. These
 * functions are sent to the browser as text, so each stands alone.
 */

export interface Interruption {
  /** ms. */
  longest: number;
  /** When it ended, ms since the watch was set or reset. */
  at: number;
}

export interface Continuity {
  /** By the name on the tile. */
  video: Record<string, Interruption>;
  audio: Record<string, Interruption>;
  /** Longest time for which the page itself didn't get to run, ms: nobody looked then, and it isn't counted. */
  lag: number;
  /** ms since the watch was set or reset. */
  watched: number;
}

interface Watched extends Interruption {
  last: number;
  /** Pictures that were on screen so far, seen by us or not. */
  presented: number;
}

declare global {
  interface Window {
    efirContinuity: { video: Map<string, Watched>; audio: Map<string, Watched>; lag: number; since: number };
  }
}

/** Begins to watch; those who come later are watched from their first picture and sound on. */
export function watchContinuity(): void {
  const state: Window['efirContinuity'] = { video: new Map(), audio: new Map(), lag: 0, since: performance.now() };
  window.efirContinuity = state;
  const names = new Map<string, string>();
  /** When the page got to run last, and when it looked for sound last. */
  let ran = performance.now();
  let listened = ran;
  const late = (since: number) => Math.max(0, performance.now() - since - 50);
  const wake = () => {
    state.lag = Math.max(state.lag, late(ran));
    ran = performance.now();
  };
  /** `blind`: ms for which nobody could look, of the time since the last one. */
  const heard = (map: Map<string, Watched>, name: string, at: number, blind: number, presented = 0) => {
    const one = map.get(name);
    if (!one) {
      map.set(name, { last: at, longest: 0, at: 0, presented });
      return;
    }
    if (at <= one.last) return;
    // A single picture: none came while nobody looked either.
    const alone = presented - one.presented === 1;
    const gap = at - one.last - (alone ? 0 : blind);
    if (gap > one.longest) {
      one.longest = gap;
      one.at = at - state.since;
    }
    one.last = at;
    one.presented = presented;
  };

  const seen = new WeakSet<HTMLVideoElement>();
  const lookForVideos = () => {
    for (const tile of document.querySelectorAll<HTMLElement>('article.tile:not([data-local])')) {
      const { participant = '', name = '' } = tile.dataset;
      names.set(participant, name);
      for (const video of tile.querySelectorAll('video')) {
        if (seen.has(video)) continue;
        seen.add(video);
        const frame = (now: number, { presentedFrames }: VideoFrameCallbackMetadata) => {
          if (!video.isConnected) return;
          heard(state.video, name, now, late(ran), presentedFrames);
          video.requestVideoFrameCallback(frame);
        };
        video.requestVideoFrameCallback(frame);
      }
    }
  };
  const receivers = new WeakMap<MediaStreamTrack, RTCRtpReceiver>();
  const receiverOf = (track: MediaStreamTrack | undefined) => {
    if (!track) return undefined;
    const known = receivers.get(track);
    if (known) return known;
    for (const peer of window.efirPeers ?? []) {
      if (peer.signalingState !== 'closed') for (const one of peer.getReceivers()) receivers.set(one.track, one);
    }
    return receivers.get(track);
  };
  const lookForSound = () => {
    for (const audio of document.querySelectorAll<HTMLAudioElement>('audio[data-source="microphone"]')) {
      const name = names.get(audio.dataset.participant ?? '');
      const stream = audio.srcObject;
      if (name === undefined || !(stream instanceof MediaStream) || audio.paused) continue;
      const [source] = receiverOf(stream.getAudioTracks()[0])?.getSynchronizationSources() ?? [];
      if (!source) continue;
      const at = source.timestamp > 1e11 ? source.timestamp - performance.timeOrigin : source.timestamp;
      heard(state.audio, name, at, late(listened));
    }
    listened = performance.now();
  };
  setInterval(() => {
    lookForVideos();
    lookForSound();
    wake();
  }, 50);
}

/** What there was since the watch was set or reset; an interruption that goes on counts as long as it is so far. */
export function readContinuity(reset: boolean): Continuity {
  const state = window.efirContinuity;
  const now = performance.now();
  const read = (map: Map<string, Watched>) => {
    const entries = [...map].map(([name, { last, longest, at }]): [string, Interruption] => {
      const open = now - last;
      return [name, open > longest ? { longest: open, at: now - state.since } : { longest, at }];
    });
    return Object.fromEntries(entries);
  };
  const result = { video: read(state.video), audio: read(state.audio), lag: state.lag, watched: now - state.since };
  if (reset) {
    for (const map of [state.video, state.audio]) {
      for (const one of map.values()) {
        one.longest = 0;
        one.last = now;
      }
    }
    state.lag = 0;
    state.since = now;
  }
  return result;
}
