/** Sends a robot's clip: pictures and speech in real time, a key frame when the server asks for one. Times in ms. */
import { type ClientPeer, Vp8Packetizer } from '@efir/sfu';
import { type AudioClip, type VideoClip, VOICE_LEVEL } from './media/clips.js';
import { VideoPlayer, VoicePlayer } from './media/player.js';

/** Requests for key frames within this time are one request. */
const KEY_FRAME_PAUSE_MS = 300;

export interface PublishedClips {
  video: VideoClip;
  voice: AudioClip;
  /** Where in the clips to begin, 0..1. */
  phase: number;
}

export class Publisher {
  readonly #peer: ClientPeer;
  readonly #video: VideoPlayer;
  readonly #voice: VoicePlayer;
  readonly #packetizer: Vp8Packetizer;
  readonly #mids: { audio: string; video: string };
  #lastSkipMs = Number.NEGATIVE_INFINITY;

  constructor(peer: ClientPeer, mids: { audio: string; video: string }, clips: PublishedClips, now: number) {
    this.#peer = peer;
    this.#mids = mids;
    const { video, voice, phase } = clips;
    this.#video = new VideoPlayer(video, now, Math.floor(phase * video.frames.length));
    this.#voice = new VoicePlayer(voice, now, Math.floor(phase * voice.packets.length));
    this.#packetizer = new Vp8Packetizer({ pictureId: Math.floor(phase * 0x7fff) });
    peer.on('keyFrame', () => this.#keyFrameAsked());
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (this.#peer.state !== 'connected') return;
    if (this.#peer.outgoing.has(this.#mids.video)) {
      for (let due = this.#video.due(now); due; due = this.#video.due(now)) {
        const { timestamp } = due;
        const payloads = this.#packetizer.packetize(due.frame);
        for (const [i, payload] of payloads.entries()) {
          this.#peer.send(this.#mids.video, payload, { timestamp, marker: i === payloads.length - 1 }, now);
        }
      }
    }
    if (this.#peer.outgoing.has(this.#mids.audio)) {
      for (let due = this.#voice.due(now); due; due = this.#voice.due(now)) {
        const { packet, level, timestamp } = due;
        const fields = { timestamp, marker: false, audioLevel: level, voice: level < VOICE_LEVEL };
        this.#peer.send(this.#mids.audio, packet, fields, now);
      }
    }
  }

  #keyFrameAsked(): void {
    const now = performance.now();
    if (now - this.#lastSkipMs < KEY_FRAME_PAUSE_MS) return;
    this.#lastSkipMs = now;
    this.#video.skipToKeyFrame();
  }
}
