/** Said once for the whole bundle, by its first section (RFC 8843 section 7, RFC 8829 section 5.2.1). */
const TRANSPORT_LINE = /^a=(ice-ufrag|ice-pwd|ice-options|fingerprint|setup|candidate|end-of-candidates|rtcp-mux)(:|$)/;
/** Of no use to a server that neither measures by REMB nor shows pictures. */
const IDLE_LINE = /^a=(rtcp-fb:\S+ goog-remb$|rtcp-xr:|rtcp:)/;
const IDLE_EXTENSIONS = ['toffset', 'abs-send-time', 'video-content-type', 'video-timing', 'color-space'];
/** A receiving section doesn't send layers. */
const SENDER_EXTENSIONS = ['rtp-stream-id', 'repaired-rtp-stream-id'];

/**
 * The offer as it goes to the server: the same, said in fewer words. Browsers repeat everything in every section (5 KB for
 * each received video), and the server reads 64 KB at most. What is left out here the server doesn't answer, so the browser
 * gives it up as well; the local description keeps the browser's own words.
 */
export function compactOffer(sdp: string): string {
  const sections = sdp.split(/\r\n(?=m=)/);
  const [session = '', ...media] = sections;
  const compact = media.map((section, index) => compactSection(section.split('\r\n').filter(Boolean), index === 0));
  return `${[session, ...compact].join('\r\n')}\r\n`;
}

function compactSection(lines: string[], first: boolean): string {
  const receiving = lines.includes('a=recvonly');
  const kept = lines.filter((line) => {
    if (IDLE_LINE.test(line)) return false;
    if (!first && TRANSPORT_LINE.test(line)) return false;
    if (!line.startsWith('a=extmap:')) return true;
    const name = line.split(/[:/]/).at(-1) ?? '';
    return !IDLE_EXTENSIONS.includes(name) && !(receiving && SENDER_EXTENSIONS.includes(name));
  });
  return (receiving ? sameFeedback(kept) : kept).join('\r\n');
}

/** Feedback that all codecs of a section share, as `a=rtcp-fb:*` (RFC 4585 section 4.2). */
function sameFeedback(lines: string[]): string[] {
  const byPayload = new Map<string, Set<string>>();
  for (const line of lines) {
    const [, payload, feedback] = /^a=rtcp-fb:(\d+) (.+)$/.exec(line) ?? [];
    if (payload === undefined || feedback === undefined) continue;
    byPayload.set(payload, (byPayload.get(payload) ?? new Set()).add(feedback));
  }
  const sets = [...byPayload.values()].map((set) => [...set].sort().join('\n'));
  if (sets.length < 2 || new Set(sets).size > 1) return lines;
  const shared = (sets[0] ?? '').split('\n').map((feedback) => `a=rtcp-fb:* ${feedback}`);
  const isFeedback = (line: string) => /^a=rtcp-fb:\d/.test(line);
  const at = lines.findIndex(isFeedback);
  return [...lines.slice(0, at), ...shared, ...lines.slice(at).filter((line) => !isFeedback(line))];
}
