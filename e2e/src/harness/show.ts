import type { Participant } from './participant.js';

/** What is looked at of the SDK's room. */
interface ShownRoom {
  participants: { id: string }[];
  setView(tiles: unknown[]): void;
}

/** Shows everybody else like this from now on, whatever the app would. */
export const show = (person: Participant, role: 'thumbnail' | 'stage', height: number) =>
  person.page.evaluate(
    ([role, height]: [string, number]) => {
      const { room } = (window as unknown as { efir: { room: ShownRoom } }).efir;
      const setView = Object.getPrototypeOf(room).setView as ShownRoom['setView'];
      room.setView = () => {};
      const tiles = room.participants.map(({ id }) => ({
        show: { participant: id, source: 'camera' },
        ...{ role, height, width: Math.round((height * 16) / 9) },
      }));
      setView.call(room, tiles);
    },
    [role, height] as [string, number],
  );
