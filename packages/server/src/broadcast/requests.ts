/** What other nodes ask of a broadcast's home and of its edges. */
import type { Dispatch } from '../cluster/dispatch.js';
import { ServerError } from '../errors.js';
import type { Broadcasts } from './broadcasts.js';
import type { BroadcastHome } from './home.js';
import * as messages from './messages.js';
import { settingsHere } from './settings.js';

export function serveBroadcasts(broadcasts: Broadcasts, dispatch: Dispatch): void {
  const homeOf = (room: string): BroadcastHome => {
    const home = broadcasts.home(room);
    if (home) return home;
    throw new ServerError('not-found', `this node is not the home of broadcast ${room}`);
  };
  dispatch.on(messages.ATTACH, messages.Attach, ({ room, viewers, parent, failed }, from) => {
    const home = homeOf(room);
    return { assignment: home.attach(from.id, viewers, parent, failed), settings: home.room.settings };
  });
  dispatch.on(messages.ASSIGN, messages.Assign, ({ room, assignment, over }, from) => {
    const edge = broadcasts.edge(room);
    if (over && edge?.home === from.id) broadcasts.leave(room, true);
    else if (edge?.home === from.id) edge.assign(assignment);
    // It is to carry what it does not: its edge is gone, so the home had better forget it.
    else if (!edge && assignment.parent !== null) throw new ServerError('not-found', `broadcast ${room} is not here`);
    return {};
  });
  dispatch.on(messages.PLACE, messages.Place, ({ room, role, name, except }, from) => {
    const home = homeOf(room);
    return role === 'viewer' ? home.place(from, except) : home.placePublisher(name);
  });
  dispatch.on(messages.REDEEM, messages.Redeem, ({ room, ticket }, from): messages.RedeemReply => {
    return homeOf(room).redeem(ticket, from.id) ?? { role: null };
  });
  dispatch.on(messages.SETTINGS, messages.Settings, ({ room, act }) => {
    homeOf(room);
    return settingsHere(broadcasts, room, act);
  });
  dispatch.on(messages.ADOPT, messages.Adopt, async ({ room, settings }, from) => {
    await broadcasts.adopt(room, from.id, settings);
    return {};
  });
  dispatch.on(messages.TAKE, messages.Take, async ({ room, settings }, from) => {
    await broadcasts.take(room, from.id, settings);
    return {};
  });
  dispatch.on(messages.YIELD, messages.Yield, async ({ room }, from) => ({
    yielded: await broadcasts.yieldTo(room, from.id),
  }));
}
