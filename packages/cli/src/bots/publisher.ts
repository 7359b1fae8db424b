/**
 * Sends a robot's clip in real time: pictures in up to three sizes, of which those are left out that nobody takes, with a key
 * frame when the server asks for one; speech while it is the robot's turn, silence else. Times in ms.
 */
import { type ClientPeer, type PacketFields, sendingKey } from '@efir/sfu';
import { type AudioClip, type VideoClip, VOICE_LEVEL } from './media/clips.js';
import { Beat, LayerPlayer, VoicePlayer, videoTimestamp } from './media/player.js';
import { Vp8Numbers } from './media/vp8-payloads.js';

/** Requests for key frames of one layer within this time are one request. */
const KEY_FRAME_PAUSE_MS = 300;
/** What a server sends a second apart may come a little closer. */
const REQUEST_WINDOW_MS = 900;

export interface PublishedClips {
  video: VideoClip;
  voice: AudioClip;
  /** Sizes that are sent, from the smallest. */
  layers: number;
  /** Where in the clips to begin, 0..1. */
  phase: number;
  speaks(now: number): boolean;
}

/** Simulcast layers by rid, from the smallest. */
export const LAYER_RIDS = ['l', 'm', 'h'];

export interface PublishedMids {
  audio: string;
  video: string;
  /** None: one layer without simulcast. */
  rids: string[];
}

interface SentLayer {
  key: string;
  player: LayerPlayer;
  numbers: Vp8Numbers;
  askedMs: number;
}

export class Publisher {
  /** Requests for key frames that came. */
  requests = 0;
  /** The most that came within a second. */
  mostRequests = 0;
  /** Key frames sent because of them. */
  answers = 0;
  readonly #peer: ClientPeer;
  readonly #clips: PublishedClips;
  readonly #audio: string;
  readonly #beat: Beat;
  readonly #layers: SentLayer[];
  readonly #voice: VoicePlayer;
  readonly #requestedMs: number[] = [];
  readonly #fields: PacketFields = { timestamp: 0, marker: false };

  constructor(peer: ClientPeer, mids: PublishedMids, clips: PublishedClips, now: number) {
    this.#peer = peer;
    this.#clips = clips;
    this.#audio = mids.audio;
    const { video, voice, phase } = clips;
    this.#beat = new Beat(1000 / video.framesPerSecond, now);
    this.#voice = new VoicePlayer(voice, now, Math.floor(phase * voice.packets.length));
    this.#layers = video.layers.slice(0, Math.max(1, mids.rids.length)).map((layer, i) => ({
      key: sendingKey(mids.video, mids.rids[i]),
      player: new LayerPlayer(layer, Math.floor(phase * layer.frames.length)),
      numbers: new Vp8Numbers(Math.floor(phase * 0x7fff) + i),
      askedMs: Number.NEGATIVE_INFINITY,
    }));
    peer.on('keyFrame', (mid, rid, arrivalMs) => this.#keyFrameAsked(sendingKey(mid, rid), arrivalMs));
  }

  /** Layers that are sent now. */
  get layersOn(): number {
    return this.#layers.filter(({ player }) => player.on).length;
  }

  /** Layers up to `highest` (from 0) are wanted; -1: none. */
  want(highest: number): void {
    for (const [i, { player }] of this.#layers.entries()) player.switch(i <= highest);
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (this.#peer.state !== 'connected') return;
    for (let moment = this.#beat.due(now); moment >= 0; moment = this.#beat.due(now)) {
      const timestamp = videoTimestamp(moment, this.#clips.video.framesPerSecond);
      for (const layer of this.#layers) if (layer.player.on) this.#picture(layer, timestamp, now);
    }
    if (!this.#peer.outgoing.has(this.#audio)) return;
    const speaks = this.#clips.speaks(now);
    for (let due = this.#voice.due(now, speaks); due; due = this.#voice.due(now, speaks)) {
      const { packet, level, timestamp, begins } = due;
      const fields = { timestamp, marker: begins, audioLevel: level, voice: level < VOICE_LEVEL };
      this.#peer.send(this.#audio, packet, fields, now);
    }
  }

  #picture({ key, player, numbers }: SentLayer, timestamp: number, now: number): void {
    const { payloads, temporal } = player.next();
    if (!this.#peer.outgoing.has(key)) return;
    numbers.frame(temporal);
    const fields = this.#fields;
    fields.timestamp = timestamp;
    fields.head = numbers.head;
    for (let i = 0; i < payloads.length; i++) {
      numbers.stamp(payloads[i]);
      fields.marker = i === payloads.length - 1;
      this.#peer.send(key, payloads[i], fields, now);
    }
  }

  #keyFrameAsked(key: string, now: number): void {
    this.requests++;
    this.#requestedMs.push(now);
    while (now - this.#requestedMs[0] >= REQUEST_WINDOW_MS) this.#requestedMs.shift();
    this.mostRequests = Math.max(this.mostRequests, this.#requestedMs.length);
    const layer = this.#layers.find((sent) => sent.key === key);
    if (!layer?.player.on || now - layer.askedMs < KEY_FRAME_PAUSE_MS) return;
    layer.askedMs = now;
    layer.player.skipToKeyFrame();
    this.answers++;
  }
}
