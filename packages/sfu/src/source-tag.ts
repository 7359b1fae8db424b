/**
 * The CSRC under which a producer's packets reach subscribers, whichever of its layers they are: 32 bits out of its id
 * (FNV-1a), never 0. Server and worker both know it without asking.
 */
export function sourceTag(producer: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < producer.length; i++) hash = Math.imul(hash ^ producer.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}
