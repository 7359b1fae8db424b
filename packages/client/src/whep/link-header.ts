/** Beyond this nobody reads on. */
const MAX_LENGTH = 8_192;
const MAX_LINKS = 32;

const LINK = /<([^<>]*)>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+\s*=\s*(?:"[^"]*"|[^",;\s]*))*)/g;
const REL = /;\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))/i;

export interface Link {
  /** Absolute, `http:` or `https:`. */
  url: string;
  /** One relation; a link of several is told once for each. */
  rel: string;
}

/** A `Link` header (RFC 8288 section 3) of an answer from `base`. What can't be read or fetched is left out. */
export function readLinks(header: string | null, base: string): Link[] {
  const links: Link[] = [];
  for (const [, target = '', parameters = ''] of (header ?? '').slice(0, MAX_LENGTH).matchAll(LINK)) {
    const url = webAddress(target, base);
    const [, quoted, bare] = REL.exec(parameters) ?? [];
    if (!url) continue;
    for (const rel of (quoted ?? bare ?? '').split(/\s+/)) {
      if (rel && links.length < MAX_LINKS) links.push({ url, rel });
    }
  }
  return links;
}

/** Absolute; null for what isn't an address of the web. */
export function webAddress(text: unknown, base: string): string | null {
  if (typeof text !== 'string' || text === '' || text.length > 2_048) return null;
  try {
    const { protocol, href } = new URL(text, base);
    return protocol === 'http:' || protocol === 'https:' ? href : null;
  } catch {
    return null;
  }
}
