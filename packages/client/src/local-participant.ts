import type { TrackSource } from '@efir/protocol';
import { asEfirError, EfirError } from './errors.js';
import { captureCamera, captureMicrophone, captureScreen } from './media/capture.js';
import type { VideoQuality } from './options.js';
import { Participant } from './participant.js';
import { Track } from './track.js';

/** The way up to the server, as the local participant sees it. Absent while there is no transport. */
export interface Uplink {
  /** Carry this media (null: nothing for now, keep the section). */
  send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<void>;
  /** The source is over. */
  stop(source: TrackSource): Promise<void>;
  mute(source: TrackSource, muted: boolean): Promise<void>;
}

export type LocalTrackEnd = 'device-lost' | 'stopped-by-browser';

/**
 * You. Works before, during and after the connection: what is on here is sent whenever there is a transport.
 * Calls for one source run one after another, in the order they were made.
 */
export class LocalParticipant extends Participant {
  private uplink: Uplink | null = null;
  private readonly turns = new Map<TrackSource, Promise<unknown>>();
  private readonly deviceIds = new Map<TrackSource, string>();
  private closed = false;

  constructor(
    name: string,
    private readonly quality: VideoQuality,
    private readonly ended: (source: TrackSource, reason: LocalTrackEnd) => void,
  ) {
    super({ id: 'local', name, joinedAt: 0 }, true);
  }

  isOn(source: TrackSource): boolean {
    const track = this.trackMap.get(source);
    return track !== undefined && !track.muted && track.media !== null;
  }

  /** The device chosen for a source, if one was. */
  deviceId(source: 'microphone' | 'camera'): string | undefined {
    return this.trackMap.get(source)?.media?.getSettings().deviceId ?? this.deviceIds.get(source);
  }

  /** Publish a track that was captured elsewhere (a preview, a canvas, a file). It belongs to the room from then on. */
  publish(source: TrackSource, media: MediaStreamTrack): Promise<void> {
    return this.inTurn(source, () => this.carry(source, media));
  }

  /** Off keeps the device and sends silence; on asks for the device if there is none yet. Throws `EfirError`. */
  setMicrophone(on: boolean): Promise<void> {
    return this.inTurn('microphone', async () => {
      const track = this.trackMap.get('microphone');
      if (track?.media) {
        track.media.enabled = on;
        track.setMuted(!on);
        await this.uplink?.mute('microphone', !on);
      } else if (on) {
        await this.carry('microphone', await captureMicrophone(this.deviceIds.get('microphone')));
      }
    });
  }

  /** Off releases the camera (its light goes out); on asks for it again. Throws `EfirError`. */
  setCamera(on: boolean): Promise<void> {
    return this.inTurn('camera', async () => {
      if (on === this.isOn('camera')) return;
      if (on) await this.carry('camera', await captureCamera(this.quality, this.deviceIds.get('camera')));
      else await this.drop('camera');
    });
  }

  /** Use another device; if the source is off, it is the one used next time. Throws `EfirError`. */
  switchDevice(source: 'microphone' | 'camera', deviceId: string): Promise<void> {
    return this.inTurn(source, async () => {
      this.deviceIds.set(source, deviceId);
      const track = this.trackMap.get(source);
      if (!track?.media) return;
      const { muted } = track;
      if (source === 'microphone') {
        await this.carry(source, await captureMicrophone(deviceId), muted);
        return;
      }
      // Phones can't open a second camera while the first is open.
      this.release(track);
      try {
        await this.carry(source, await captureCamera(this.quality, deviceId));
      } catch (error) {
        await this.drop(source);
        throw error;
      }
    });
  }

  /** Asks what to share; with sound where the browser offers it. Throws `EfirError`, `cancelled` included. */
  startScreenShare(): Promise<void> {
    return this.inTurn('screen', async () => {
      if (this.isOn('screen')) return;
      const { video, audio } = await captureScreen();
      await this.carry('screen', video);
      if (audio) await this.carry('screen-audio', audio);
    });
  }

  stopScreenShare(): Promise<void> {
    return this.inTurn('screen', async () => {
      await this.finish('screen-audio');
      await this.finish('screen');
    });
  }

  /** @internal */
  attach(uplink: Uplink | null): void {
    this.uplink = uplink;
  }

  /** @internal The identity that the server gave. */
  identify(id: string, joinedAt: number): void {
    this.currentId = id;
    this.joinedAt = joinedAt;
    this.touch();
  }

  /** @internal Everything that should be on the wire. */
  sending(): { source: TrackSource; media: MediaStreamTrack; muted: boolean }[] {
    return this.tracks.flatMap(({ source, media, muted }) => (media ? [{ source, media, muted }] : []));
  }

  /** @internal Releases all devices. */
  close(): void {
    this.closed = true;
    this.uplink = null;
    for (const track of this.tracks) this.release(track);
  }

  private inTurn<T>(source: TrackSource, action: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(source) ?? Promise.resolve()).then(() => {
      if (this.closed) throw new EfirError('closed', 'The room was left', { source });
      return action();
    });
    this.turns.set(
      source,
      turn.catch(() => {}),
    );
    return turn.catch((error) => {
      throw asEfirError(error, 'device-busy');
    });
  }

  private async carry(source: TrackSource, media: MediaStreamTrack, muted = false): Promise<void> {
    if (this.closed) {
      media.stop();
      throw new EfirError('closed', 'The room was left', { source });
    }
    const track = this.trackMap.get(source) ?? this.addTrack(new Track(source, source));
    this.release(track, media);
    media.enabled = !muted;
    media.addEventListener('ended', () => this.onEnded(track, media));
    track.setMedia(media);
    track.setMuted(muted);
    await this.uplink?.send(source, media, muted);
  }

  private async drop(source: TrackSource): Promise<void> {
    const track = this.trackMap.get(source);
    if (!track) return;
    this.release(track);
    track.setMuted(true);
    await this.uplink?.send(source, null, true);
  }

  private async finish(source: TrackSource): Promise<void> {
    const track = this.trackMap.get(source);
    if (!track) return;
    this.release(track);
    this.removeTrack(source);
    await this.uplink?.stop(source);
  }

  private release(track: Track, unless?: MediaStreamTrack): void {
    const media = track.media;
    if (!media || media === unless) return;
    track.setMedia(null);
    media.stop();
  }

  /** `ended` isn't fired by our own `stop()`: the device went away, or the browser's "stop sharing" was pressed. */
  private onEnded(track: Track, media: MediaStreamTrack): void {
    if (track.media !== media || this.closed) return;
    const { source } = track;
    if (source === 'screen') void this.stopScreenShare().catch(() => {});
    else if (source === 'screen-audio') void this.inTurn('screen', () => this.finish(source)).catch(() => {});
    else void this.inTurn(source, () => this.drop(source)).catch(() => {});
    this.ended(source, source === 'microphone' || source === 'camera' ? 'device-lost' : 'stopped-by-browser');
  }
}
