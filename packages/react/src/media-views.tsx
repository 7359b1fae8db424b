import { type ComponentProps, useEffect, useRef } from 'react';
import { playback } from './playback.js';

export interface VideoViewProps extends Omit<ComponentProps<'video'>, 'ref'> {
  media: MediaStreamTrack | null;
  /** A picture is on screen (true), or there is none any more (false). */
  onPicture?: (there: boolean) => void;
}

/** A `<video autoplay playsinline muted>` that shows a track; its sound, if any, is the business of `AudioView`. */
export function VideoView({ media, onPicture, ...rest }: VideoViewProps) {
  const element = useRef<HTMLVideoElement>(null);
  const picture = useRef(onPicture);
  useEffect(() => {
    picture.current = onPicture;
  });
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    show(video, media);
    if (!media) {
      picture.current?.(false);
      return;
    }
    const seen = () => {
      if (video.videoWidth > 0) picture.current?.(true);
    };
    const events = ['loadeddata', 'resize', 'playing'] as const;
    for (const name of events) video.addEventListener(name, seen);
    return () => {
      for (const name of events) video.removeEventListener(name, seen);
    };
  }, [media]);
  return <video ref={element} autoPlay playsInline muted {...rest} />;
}

export interface AudioViewProps extends Omit<ComponentProps<'audio'>, 'ref'> {
  media: MediaStreamTrack | null;
  /** Device to play on, from `useDevices().speakers`; where the browser can't choose, it is ignored. */
  speakerId?: string;
}

/** An `<audio autoplay>` that plays a track. Where the browser refuses, see `usePlayback`. */
export function AudioView({ media, speakerId, ...rest }: AudioViewProps) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = element.current;
    if (!audio) return;
    show(audio, media);
    if (media) playback.play(audio);
    return () => playback.settled(audio);
  }, [media]);
  useEffect(() => {
    const audio = element.current as (HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> }) | null;
    if (audio?.setSinkId && speakerId !== undefined) audio.setSinkId(speakerId).catch(() => {});
  }, [speakerId]);
  return <audio ref={element} autoPlay {...rest} />;
}

/**
 * Where there is a stream already, its tracks are exchanged in one go: the element plays on and keeps its last picture until
 * the next one comes, where a new `srcObject` would make it start anew. The old one goes first: Chromium looks at ids, and
 * two connections to one participant may call their tracks the same.
 */
function show(element: HTMLMediaElement, media: MediaStreamTrack | null): void {
  const stream = element.srcObject instanceof MediaStream ? element.srcObject : null;
  if (!media) {
    if (stream) element.srcObject = null;
    return;
  }
  if (!stream) {
    element.srcObject = new MediaStream([media]);
    return;
  }
  const shown = stream.getTracks();
  if (shown.includes(media)) return;
  for (const track of shown) stream.removeTrack(track);
  stream.addTrack(media);
}
