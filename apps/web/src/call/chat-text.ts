export interface TextPart {
  text: string;
  /** Where it leads, if it is a link. */
  href?: string;
}

const LINK = /https?:\/\/[^\s<>"']{1,2000}/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…)\]}»”]+$/;

/** Text with its web addresses told apart. Only http and https: nothing that would run. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const address = balanced(match[0]);
    if (!URL.canParse?.(address)) continue;
    if (match.index > at) parts.push({ text: text.slice(at, match.index) });
    parts.push({ text: address, href: address });
    at = match.index + address.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

/** Without the full stop after it, but with the bracket that closes one inside it. */
function balanced(address: string): string {
  const tail = TRAILING.exec(address)?.[0] ?? '';
  if (tail === '') return address;
  const body = address.slice(0, -tail.length);
  return body.includes('(') && !body.includes(')') && tail.startsWith(')') ? `${body})` : body;
}
