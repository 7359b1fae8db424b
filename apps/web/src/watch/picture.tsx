import { useEffect, useRef, useState } from 'react';

/** A new stream that shows nothing by then (sound alone) takes over all the same, ms. */
const PATIENCE_MS = 900;

interface PictureProps {
  stream: MediaStream | null;
  muted: boolean;
  /** 0..1. */
  volume: number;
  label: string;
  /** The browser plays sound only after a touch. */
  onBlocked(): void;
}

/** Shows a stream, and changes to the next one when that has a picture: two elements take turns. */
export function Picture({ stream, muted, volume, label, onBlocked }: PictureProps) {
  const elements = useRef<(HTMLVideoElement | null)[]>([null, null]);
  const [front, setFront] = useState(0);
  const frontNow = useRef(front);
  frontNow.current = front;

  useEffect(() => {
    const current = elements.current[frontNow.current];
    const other = 1 - frontNow.current;
    const next = elements.current[other];
    if (!current || !next || current.srcObject === stream) return;
    if (!stream || !current.srcObject) {
      current.srcObject = stream;
      return;
    }
    let over = false;
    const change = () => {
      if (over) return;
      over = true;
      setFront(other);
    };
    next.muted = true;
    next.srcObject = stream;
    next.play().catch(() => {});
    if ('requestVideoFrameCallback' in next) next.requestVideoFrameCallback(change);
    else (next as HTMLVideoElement).addEventListener('loadeddata', change, { once: true });
    const timer = setTimeout(change, PATIENCE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [stream]);

  useEffect(() => {
    const before = elements.current[1 - front];
    if (before) before.srcObject = null;
  }, [front]);

  useEffect(() => {
    const current = elements.current[front];
    if (!current || !stream) return;
    current.volume = volume;
    current.muted = muted;
    current.play().catch((error: DOMException) => {
      if (error.name !== 'NotAllowedError' || muted) return;
      current.muted = true;
      current.play().catch(() => {});
      onBlocked();
    });
  }, [front, stream, muted, volume, onBlocked]);

  return [0, 1].map((index) => (
    <video
      key={index}
      ref={(element) => {
        elements.current[index] = element;
      }}
      className="watch-picture"
      data-front={index === front || undefined}
      aria-hidden={index !== front}
      aria-label={label}
      playsInline
      autoPlay
      muted
    />
  ));
}
