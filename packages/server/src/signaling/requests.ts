/** What a signalling connection may ask for, and the schema of each payload. */
import {
  ArriveRequest,
  EnterRequest,
  IceServersRequest,
  LeaveRequest,
  MigratedRequest,
  MuteRequest,
  OfferRequest,
  PublishRequest,
  RelayRequest,
  SayRequest,
  ViewRequest,
} from '@efir/protocol';

export const REQUESTS = {
  enter: EnterRequest,
  offer: OfferRequest,
  arrive: ArriveRequest,
  mute: MuteRequest,
  publish: PublishRequest,
  relay: RelayRequest,
  migrated: MigratedRequest,
  say: SayRequest,
  view: ViewRequest,
  'ice-servers': IceServersRequest,
  leave: LeaveRequest,
} as const;

export type RequestName = keyof typeof REQUESTS;

export function isRequest(event: string): event is RequestName {
  return Object.hasOwn(REQUESTS, event);
}
