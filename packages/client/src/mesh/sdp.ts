import type { MeshTrack } from '@efir/protocol';

/** The session id of the `o=` line (RFC 8866, 5.2): one for the whole life of an RTCPeerConnection. */
export function sessionOf(sdp: string): string | null {
  return /^o=\S+ (\d{1,20}) /m.exec(sdp)?.[1] ?? null;
}

interface Section {
  mid: string | null;
  receiver: { track: { kind: string } };
}

/**
 * What the sections of somebody who doesn't say carry: the first audio is the microphone, the second the sound of the
 * screen; the first video is the camera, the second the screen.
 */
export function tracksByKind(sections: readonly Section[]): MeshTrack[] {
  const left = { audio: ['microphone', 'screen-audio'] as const, video: ['camera', 'screen'] as const };
  const used = { audio: 0, video: 0 };
  return sections.flatMap(({ mid, receiver }) => {
    const kind = receiver.track.kind as 'audio' | 'video';
    const source = left[kind]?.[used[kind]];
    if (mid === null || source === undefined) return [];
    used[kind]++;
    return [{ mid, source }];
  });
}
