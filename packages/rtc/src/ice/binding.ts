/** Answers to Binding requests (RFC 8489 section 6.3). */
import type { TransportAddress } from './address.js';
import {
  buildStun,
  errorCodeAttribute,
  parseStun,
  STUN_BINDING,
  StunAttribute,
  StunClass,
  type StunMessage,
  unknownAttributesAttribute,
  xorMappedAddressAttribute,
} from './stun.js';

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthenticated',
  420: 'Unknown Attribute',
  487: 'Role Conflict',
};

/** Success response with the address the request came from; null if that isn't a literal address. */
export function successResponse(request: StunMessage, mapped: TransportAddress, key?: Uint8Array): Uint8Array | null {
  const attribute = xorMappedAddressAttribute(mapped, request.transactionId);
  if (!attribute) return null;
  return buildStun({
    class: StunClass.success,
    transactionId: request.transactionId,
    attributes: [attribute],
    key,
  });
}

/** Error response; a 420 lists the attributes that weren't understood. */
export function errorResponse(request: StunMessage, code: 400 | 401 | 420 | 487, key?: Uint8Array): Uint8Array {
  const attributes = [errorCodeAttribute(code, REASONS[code])];
  if (code === 420) attributes.push(unknownAttributesAttribute(request.unknown));
  return buildStun({ class: StunClass.error, transactionId: request.transactionId, attributes, key });
}

/**
 * The plain STUN server: answers a Binding request that has no credentials with the address it came from.
 * Null for everything else, which gets no answer.
 */
export function bindingResponse(packet: Uint8Array, mapped: TransportAddress): Uint8Array | null {
  const request = parseStun(packet);
  if (request?.class !== StunClass.request || request.method !== STUN_BINDING) return null;
  if (request.integrityOffset >= 0 || request.attributes.has(StunAttribute.username)) return null;
  if (request.unknown.length > 0) return errorResponse(request, 420);
  return successResponse(request, mapped);
}
