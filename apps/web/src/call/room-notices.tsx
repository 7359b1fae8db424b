import { useRoomEvent, useRoomState } from '@efir/react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useSay } from './toasts.js';

/** Those who come within this time of entering or of each other are told together, ms. */
const GATHER_MS = 700;

/** Tells who comes and goes, and what happens to one's own devices. Renders nothing. */
export function RoomNotices() {
  const { t } = useTranslation();
  const say = useSay();
  const state = useRoomState();
  const pending = useRef<{ joined: string[]; timer?: ReturnType<typeof setTimeout> }>({ joined: [] });
  const settled = useRef(false);
  const wasLost = useRef(false);

  useEffect(() => {
    // Whoever is there when we come is no news.
    if (state === 'connected') {
      const timer = setTimeout(() => {
        settled.current = true;
      }, 1_000);
      if (wasLost.current) say(t('call.reconnected'));
      wasLost.current = false;
      return () => clearTimeout(timer);
    }
    if (state === 'reconnecting') wasLost.current = true;
    settled.current = false;
  }, [state, say, t]);

  useEffect(() => () => clearTimeout(pending.current.timer), []);

  useRoomEvent('participant-joined', ({ participant }) => {
    if (!settled.current) return;
    pending.current.joined.push(participant.name);
    pending.current.timer ??= setTimeout(() => {
      const [first = '', ...others] = pending.current.joined;
      pending.current = { joined: [] };
      const joined = t('call.joined', { name: first });
      say(others.length > 0 ? `${joined} ${t('call.more', { count: others.length })}` : joined);
    }, GATHER_MS);
  });
  useRoomEvent('participant-left', ({ participant, reason }) => {
    if (settled.current) say(t(reason === 'lost' ? 'call.lost' : 'call.left', { name: participant.name }));
  });
  useRoomEvent('track-added', ({ participant, track }) => {
    if (settled.current && track.source === 'screen' && !participant.isLocal) {
      say(t('call.sharing', { name: participant.name }));
    }
  });
  useRoomEvent('local-track-ended', ({ source }) => {
    if (source === 'camera') say(t('call.cameraLost'), 'warning');
    else if (source === 'microphone') say(t('call.microphoneLost'), 'warning');
    else if (source === 'screen') say(t('call.shareStopped'));
  });
  return null;
}
