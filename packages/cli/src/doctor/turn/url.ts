/** TURN URIs (RFC 7065). */

export interface TurnUrl {
  /** As it was given. */
  url: string;
  /** Without brackets. */
  host: string;
  port: number;
  transport: 'udp' | 'tcp' | 'tls';
}

/** Null for what is no TURN URI. */
export function parseTurnUrl(url: string): TurnUrl | null {
  const match = /^(turns?):(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/.exec(
    url,
  );
  if (!match) return null;
  const [, scheme, v6, name, port, transport = 'udp'] = match;
  const secure = scheme === 'turns';
  const number = port === undefined ? (secure ? 5349 : 3478) : Number(port);
  if (number < 1 || number > 65_535) return null;
  // `turns` over UDP would be DTLS, which browsers don't speak: they take TLS.
  return { url, host: v6 ?? name, port: number, transport: secure ? 'tls' : transport === 'tcp' ? 'tcp' : 'udp' };
}
