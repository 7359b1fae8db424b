/** Header extensions that both sides use (RFC 8285), with ids that mean one thing in the whole bundle (RFC 8843 section 9.1). */
import { extensionName } from './capabilities.js';
import type { ExtensionName, MediaKind } from './parameters.js';
import type { Direction, ExtensionLine } from './section.js';

export interface AgreedExtension {
  name: ExtensionName;
  id: number;
  uri: string;
  /** As the answer says it; none means both ways. */
  direction?: Direction;
}

/** What each id stands for in the sections read so far. */
export type BundleExtensions = Map<number, ExtensionName>;

/** Adds what it agrees to `bundle`. An id or extension that already has another partner there is left out. */
export function agreeExtensions(
  kind: MediaKind,
  offered: readonly ExtensionLine[],
  bundle: BundleExtensions,
): AgreedExtension[] {
  const agreed: AgreedExtension[] = [];
  for (const extension of offered) {
    const name = extensionName(kind, extension);
    if (name === null) continue;
    const { id, uri } = extension;
    const meaning = bundle.get(id);
    const clashes = meaning === undefined ? [...bundle.values()].includes(name) : meaning !== name;
    if (clashes) continue;
    bundle.set(id, name);
    const direction = mirrored(extension.direction);
    agreed.push({ name, id, uri, ...(direction && { direction }) });
  }
  return agreed;
}

function mirrored(direction: Direction | undefined): Direction | undefined {
  if (direction === 'sendonly') return 'recvonly';
  if (direction === 'recvonly') return 'sendonly';
  return undefined;
}
