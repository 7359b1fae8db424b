import { useRoom, useRoomData, useRoomEvent, useRoomState } from '@efir/react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useSay } from './toasts.js';

/** Those who come within this time of entering or of each other are told together, ms. */
const GATHER_MS = 700;

const RELAY_TROUBLE: Readonly<Record<string, string>> = {
  'relay-refused': 'call.relayRefused',
  'relay-expired': 'call.relayExpired',
  'relay-unreachable': 'call.relayUnreachable',
};
/** Characters of a message that are told in passing. */
const SAID_LENGTH = 140;

/** Tells who comes and goes, and what happens to one's own devices. Renders nothing. */
export function RoomNotices({ chatOpen }: { chatOpen: boolean }) {
  const { t, i18n } = useTranslation();
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
      say(others.length > 0 ? `${joined} ${t('call.moreNames', { count: others.length })}` : joined);
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
  useRoomEvent('topology', ({ phase, topology, reason, participant }) => {
    if (phase === 'commit') say(t(`topology.movedTo_${topology}`));
    // A move that nothing calls for any more is no failure.
    if (phase !== 'abort' || reason === 'room-changed') return;
    const why = `topology.why_${reason}`;
    const name = participant && (participant.isLocal ? t('common.you') : participant.name);
    const stays = t(`topology.stays_${topology}`);
    say(`${stays} ${name && i18n.exists(`${why}_name`) ? t(`${why}_name`, { name }) : t(why)}`, 'warning');
  });
  useRoomEvent('local-track-ended', ({ source }) => {
    if (source === 'camera') say(t('call.cameraLost'), 'warning');
    else if (source === 'microphone') say(t('call.microphoneLost'), 'warning');
    else if (source === 'screen') say(t('call.shareStopped'));
  });
  const room = useRoom();
  const nameOf = (id: string) => room.participant(id)?.name ?? '';
  useRoomEvent('error', ({ error }) => {
    const text = RELAY_TROUBLE[error.code];
    if (text) say(t(text), 'warning');
  });
  useRoomData('chat', ({ message: { from, name, text } }) => {
    if (!chatOpen && from !== room.local.id) say(t('chat.said', { name, text: text.slice(0, SAID_LENGTH) }));
  });
  useRoomData('hands', ({ participant, up }) => {
    if (up && participant !== room.local.id) say(t('call.raisedHand', { name: nameOf(participant) }));
  });
  const { files } = room.data;
  useEffect(
    () =>
      files.on('offered', ({ transfer }) => {
        if (!chatOpen) say(t('files.offered', { name: transfer.peerName, file: transfer.file.name }));
      }),
    [files, chatOpen, say, t],
  );
  return null;
}
