import type { ParticipantInfo } from '@efir/protocol';
import { expect, test } from 'vitest';
import { RobotPage } from './page.js';

const person = (id: string): ParticipantInfo => ({
  id,
  name: id,
  joinedAt: 0,
  tracks: [
    { id: `${id}/0`, source: 'microphone', kind: 'audio', muted: false },
    { id: `${id}/1`, source: 'camera', kind: 'video', muted: false },
  ],
});
const shown = (page: RobotPage): unknown[] =>
  page.view().tiles.map(({ show }) => ('track' in show ? show.track : show.follow));

test('a page has whoever speaks and as many cameras as it is large, never its own', () => {
  const page = new RobotPage(2, 0);
  page.begin('me', ['me', 'ann', 'bob', 'cat'].map(person));
  expect(shown(page)).toEqual(['speaker', 'ann/1', 'bob/1']);
  expect(page.sections).toEqual({ audio: 3, video: 3 });
});

test('robots with other offsets show others', () => {
  const page = new RobotPage(2, 5);
  page.begin('me', ['ann', 'bob', 'cat'].map(person));
  expect(shown(page)).toEqual(['speaker', 'cat/1', 'ann/1']);
});

test('turning goes through all cameras and round again, and who comes does not turn it', () => {
  const page = new RobotPage(2, 0);
  page.begin('me', ['ann', 'bob', 'cat'].map(person));
  page.turn();
  expect(page.tracks()).toEqual(['cat/1', 'ann/1']);
  page.put(person('dan'));
  expect(page.tracks()).toEqual(['cat/1', 'dan/1']);
  page.turn();
  expect(page.tracks()).toEqual(['ann/1', 'bob/1']);
});

test('who comes takes a free tile, who leaves or has no camera gives it up', () => {
  const page = new RobotPage(2, 0);
  page.begin('me', [person('ann')]);
  page.put(person('bob'));
  page.put({ ...person('ann'), tracks: [] });
  expect(shown(page)).toEqual(['speaker', 'bob/1']);
  page.remove('bob');
  for (const nonsense of [null, 7, {}, { id: 'x' }]) {
    page.put(nonsense);
    page.remove(nonsense);
  }
  expect(shown(page)).toEqual(['speaker']);
});

test('a page without cameras is sound only', () => {
  const page = new RobotPage(0, 0);
  page.begin('me', [person('ann')]);
  expect(page.view()).toEqual({ tiles: [], audioOnly: true });
  expect(page.sections).toEqual({ audio: 3, video: 0 });
});
