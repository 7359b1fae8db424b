import type { QualityEvent } from '@efir/protocol';
import type { Emitter } from '../emitter.js';
import type { RoomEvents } from '../events.js';
import type { Playout } from '../options.js';
import type { Participant } from '../participant.js';
import type { MediaPath } from '../path/media-path.js';
import { SfuPath } from '../path/sfu-path.js';
import { LoadWatch } from '../quality/load-watch.js';
import { applyPlayout } from '../quality/playout.js';
import { type Quality, qualityOf } from '../quality/quality.js';
import { type Sound, type Stage, sameSounds, soundsOf, stageOf } from './shown-media.js';
import type { ViewSender } from './view-sender.js';

export interface RoomViewHost {
  room: Emitter<RoomEvents>;
  sender: ViewSender;
  path(): MediaPath | null;
  others(): readonly Participant[];
  find(id: string): Participant | undefined;
}

/** What of a room is received and how well: the stage, what is heard, quality and load. One per room. */
export class RoomView {
  quality: Quality | null = null;
  stage: Stage | null = null;
  sounds: readonly Sound[] = [];
  /** 0: all is well. See the event `overload`. */
  readonly overload = { server: 0, receiving: 0, sending: 0 };
  private lastSpeaker: Participant | null = null;
  /** Receivers may have been told a delay: until then they are left alone. */
  private heldBack: boolean;
  private readonly load: LoadWatch;

  constructor(
    private readonly host: RoomViewHost,
    private playout: Playout,
  ) {
    this.heldBack = playout !== 'interactive';
    this.load = new LoadWatch({
      connections: () =>
        host
          .path()
          ?.connections()
          .map(({ pc }) => pc) ?? [],
      onReceiving: (level) => {
        host.sender.setOverload(level);
        this.overloaded('receiving', level);
      },
      onSending: (level) => {
        const path = host.path();
        if (path instanceof SfuPath && (path.dropLayers(level) || level === 0)) this.overloaded('sending', level);
      },
    });
  }

  start(): void {
    this.load.start();
  }

  close(): void {
    this.load.stop();
  }

  /** Media may have come, gone, or moved to another. */
  mediaChanged(): void {
    const { host } = this;
    const path = host.path();
    const sounds = soundsOf(host.others(), path);
    if (!sameSounds(sounds, this.sounds)) {
      this.sounds = sounds;
      host.room.emit('sounds', { sounds });
    }
    this.look();
    this.holdBack();
  }

  setPlayout(playout: Playout): void {
    this.playout = playout;
    this.heldBack ||= playout !== 'interactive';
    this.holdBack();
  }

  speakerChanged(speaker: Participant | null): void {
    if (speaker && !speaker.isLocal) this.lastSpeaker = speaker;
    this.look();
  }

  left(participant: Participant): void {
    if (this.lastSpeaker === participant) this.lastSpeaker = null;
    this.look();
  }

  qualityChanged(event: QualityEvent): void {
    const path = this.host.path();
    if (path instanceof SfuPath) this.setQuality(qualityOf(event, (mid) => path.ownerOf(mid)));
  }

  pathChanged(): void {
    this.setQuality(null);
    const { sending } = this.overload;
    const path = this.host.path();
    if (sending > 0 && path instanceof SfuPath) path.dropLayers(sending);
  }

  serverOverload(level: number): void {
    this.overloaded('server', level);
  }

  private holdBack(): void {
    if (!this.heldBack) return;
    applyPlayout(
      this.host
        .path()
        ?.connections()
        .flatMap(({ pc }) => pc.getReceivers()) ?? [],
      this.playout,
    );
  }

  private setQuality(quality: Quality | null): void {
    if (quality === null && this.quality === null) return;
    this.quality = quality;
    this.host.room.emit('quality', { quality });
  }

  private overloaded(where: keyof RoomView['overload'], level: number): void {
    if (this.overload[where] === level) return;
    this.overload[where] = level;
    this.host.room.emit('overload', { where, level });
  }

  private look(): void {
    const { host, stage: before } = this;
    const stage = stageOf(host.path(), (id) => host.find(id), this.lastSpeaker);
    if (stage?.participant === before?.participant && stage?.media === before?.media) return;
    this.stage = stage;
    host.room.emit('stage', { stage });
  }
}
