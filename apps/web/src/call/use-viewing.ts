import { type Participant, type Reception, SAVER_BPS } from '@efir/client';
import { useRoom, useRoomEvent } from '@efir/react';
import { useEffect, useState } from 'react';
import { remember, remembered } from '../preferences/storage.js';
import type { TileSource } from './tile.js';

export type Layout = 'gallery' | 'speaker';
export type ReceiveQuality = 'auto' | 'saver' | 'audio';

export interface Pinned {
  participant: Participant;
  source: TileSource;
}

const RECEPTION: Readonly<Record<ReceiveQuality, Reception>> = {
  auto: { audioOnly: false, maxBps: null },
  saver: { audioOnly: false, maxBps: SAVER_BPS },
  audio: { audioOnly: true, maxBps: null },
};

/** How the room is looked at: layout, who is pinned, who is hidden, and how much of it is received. */
export function useViewing() {
  const room = useRoom();
  const [layout, setLayout] = useState<Layout>(() => (remembered('layout') === 'speaker' ? 'speaker' : 'gallery'));
  const [pinned, setPinned] = useState<Pinned | null>(null);
  const [hideEmpty, setHideEmpty] = useState(false);
  const [quality, setQuality] = useState<ReceiveQuality>(() => {
    const before = remembered('quality');
    return before === 'saver' || before === 'audio' ? before : 'auto';
  });
  useEffect(() => room.setReception(RECEPTION[quality]), [room, quality]);
  useRoomEvent('participant-left', ({ participant }) => {
    setPinned((pin) => (pin?.participant === participant ? null : pin));
  });
  useRoomEvent('track-removed', ({ participant, track }) => {
    setPinned((pin) => (pin?.participant === participant && pin.source === track.source ? null : pin));
  });
  return {
    layout,
    setLayout: (layout: Layout) => {
      remember('layout', layout);
      setLayout(layout);
    },
    pinned,
    /** Again: no longer. */
    pin: (participant: Participant, source: TileSource) =>
      setPinned((pin) => (pin?.participant === participant && pin.source === source ? null : { participant, source })),
    hideEmpty,
    setHideEmpty,
    quality,
    setQuality: (quality: ReceiveQuality) => {
      remember('quality', quality);
      setQuality(quality);
    },
  };
}

export type Viewing = ReturnType<typeof useViewing>;
