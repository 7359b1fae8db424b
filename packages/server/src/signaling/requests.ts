/** What a signalling connection may ask for, and the schema of each payload. */
import { EnterRequest, LeaveRequest, MuteRequest, OfferRequest } from '@efir/protocol';

export const REQUESTS = {
  enter: EnterRequest,
  offer: OfferRequest,
  mute: MuteRequest,
  leave: LeaveRequest,
} as const;

export type RequestName = keyof typeof REQUESTS;

export function isRequest(event: string): event is RequestName {
  return Object.hasOwn(REQUESTS, event);
}
