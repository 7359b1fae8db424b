import { EfirError } from '../errors.js';

type CandidateError = Pick<RTCPeerConnectionIceErrorEvent, 'errorCode' | 'errorText' | 'url'>;

/**
 * What the failure of a relay (TURN) means for the person, or null if it means nothing: a STUN server that doesn't answer, or
 * a relay that fails while others may serve. Only where nothing but relays is allowed every failure counts.
 */
export function relayError(
  event: CandidateError,
  configuration: RTCConfiguration,
  nowMs = Date.now(),
): EfirError | null {
  const { errorCode, errorText = '', url = '' } = event;
  if (!/^turns?:/.test(url)) return null;
  const forced = configuration.iceTransportPolicy === 'relay';
  const cause = { errorCode, errorText, url };
  // Unauthorized, Forbidden, Stale Nonce, Wrong Credentials (RFC 8656, section 18).
  if (errorCode === 401 || errorCode === 403 || errorCode === 438 || errorCode === 441) {
    if (credentialsExpired(configuration, nowMs)) {
      return new EfirError('relay-expired', 'The credentials for the relay (TURN) have expired', { cause });
    }
    const text = `The relay (TURN) refused our credentials: ${errorCode} ${errorText}`.trim();
    return new EfirError('relay-refused', text, { cause });
  }
  if (!forced) return null;
  return new EfirError('relay-unreachable', `The relay (TURN) at ${url} can't be used: ${errorCode} ${errorText}`, {
    cause,
  });
}

/** User names of coturn's REST scheme begin with the time (s since the epoch) until which they hold. */
export function credentialsExpired({ iceServers = [] }: RTCConfiguration, nowMs = Date.now()): boolean {
  return iceServers.some(({ username }) => {
    const expiry = Number(/^(\d{9,11})(:|$)/.exec(username ?? '')?.[1] ?? Number.NaN);
    return expiry * 1000 < nowMs;
  });
}

/** There is a relay among them. */
export const hasRelay = (servers: readonly RTCIceServer[]): boolean =>
  servers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
