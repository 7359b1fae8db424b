/** Addresses of a worker that a client may try: they go into the answer, all of them, as host candidates (RFC 8839). */
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { HostCandidate } from '@efir/rtc';

/** An answer names no more addresses than this (each for UDP and TCP): every one costs the client checks. */
const MAX_ADDRESSES = 16;

export interface CandidateRequest {
  /** Told instead of the machine's own, if there are any. */
  announced: readonly string[];
  /** The machine's own, see `ownAddresses`. */
  own: readonly string[];
  /** What the workers listen on, see `mediaListen`. */
  listen: readonly string[];
  /** Of the worker. */
  families: readonly (4 | 6)[];
  port: number;
  /** The client is on this machine. */
  loopback: boolean;
}

export function hostCandidates(request: CandidateRequest): HostCandidate[] {
  const { announced, own, listen, families, port, loopback } = request;
  const served = (address: string): boolean =>
    (isIPv4(address) && families.includes(4)) || (isIPv6(address) && families.includes(6));
  const listened = (address: string): boolean =>
    served(address) && (listen.includes(isIPv4(address) ? '0.0.0.0' : '::') || listen.includes(address));
  const told = (announced.length > 0 ? announced.filter(served) : own.filter(listened)).slice(0, MAX_ADDRESSES);
  if (loopback || told.length === 0) told.push(...['127.0.0.1', '::1'].filter(listened));
  const addresses = [...new Set(told)];
  return (['udp', 'tcp'] as const).flatMap((protocol) => addresses.map((address) => ({ protocol, address, port })));
}

/** This machine's addresses that others can reach; link-local IPv6 needs a zone that no candidate can carry. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .map(({ address }) => address);
}

export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}
