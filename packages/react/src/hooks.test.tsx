// @vitest-environment happy-dom
import { Emitter, Participant, type Room, type RoomEvents, type TrackSource } from '@efir/client';
import { act, cleanup, render } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { RoomProvider, useParticipants, useRoomState, useSpeaker, useSpeaking, useTrack } from './index.js';

/** A room as the hooks see it, with the strings in our hands. */
class FakeRoom extends Emitter<RoomEvents> {
  state = 'connecting';
  participants: Participant[] = [];
  speaker: Participant | null = null;
}
const camera = (muted: boolean) => [{ id: 'c', source: 'camera' as TrackSource, kind: 'video' as const, muted }];
const person = (name: string) => new Participant({ id: name, name, joinedAt: 0 });

function show(room: FakeRoom, View: () => string) {
  const view = render(
    <RoomProvider value={room as unknown as Room}>
      <View />
    </RoomProvider>,
  );
  return () => view.container.textContent;
}
afterEach(cleanup);

test('people who come and go are on the list', () => {
  const room = new FakeRoom();
  const text = show(room, () =>
    useParticipants()
      .map(({ name }) => name)
      .join(),
  );
  const ann = person('Ann');
  act(() => {
    room.participants = [ann];
    room.emit('participant-joined', { participant: ann });
  });
  expect(text()).toBe('Ann');
  act(() => {
    room.participants = [];
    room.emit('participant-left', { participant: ann, reason: 'left' });
  });
  expect(text()).toBe('');
});

test('a track appears, is muted and goes', () => {
  const ann = person('Ann');
  const text = show(new FakeRoom(), () => {
    const { track, live } = useTrack(ann, 'camera');
    return track ? (live ? 'live' : 'muted') : 'none';
  });
  expect(text()).toBe('none');
  const tell = (tracks: ReturnType<typeof camera>) =>
    act(() => void ann.update({ id: 'Ann', name: 'Ann', joinedAt: 0, tracks }));
  tell(camera(false));
  expect(text()).toBe('live');
  tell(camera(true));
  expect(text()).toBe('muted');
  tell([]);
  expect(text()).toBe('none');
});

test('the state of the room and its speaker are followed', () => {
  const room = new FakeRoom();
  const text = show(room, () => `${useRoomState()} ${useSpeaker()?.name ?? 'nobody'}`);
  expect(text()).toBe('connecting nobody');
  act(() => {
    room.state = 'connected';
    room.emit('state', { state: 'connected', previous: 'connecting' });
    room.speaker = person('Ann');
    room.emit('speaker', { participant: room.speaker });
  });
  expect(text()).toBe('connected Ann');
});

test('a voice is noticed at once and outlasts the pause between two words', () => {
  const room = new FakeRoom();
  const ann = person('Ann');
  const text = show(room, () => String(useSpeaking(ann)));
  const hear = (level: number) =>
    act(() => {
      ann.audioLevel = level;
      room.emit('levels', {});
    });
  expect(text()).toBe('false');
  hear(0.2);
  expect(text()).toBe('true');
  hear(0);
  expect(text()).toBe('true');
});
