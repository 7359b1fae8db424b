import type { ClusterView } from '@efir/protocol';
import { useEffect, useState } from 'react';

const REFRESH_MS = 2_000;
const TIMEOUT_MS = 5_000;

export interface ClusterState {
  /** `off`: the server has no such view. `failed`: it doesn't answer; the view is what was last seen. */
  at: 'asking' | 'ready' | 'wrong-token' | 'off' | 'failed';
  view: ClusterView | null;
  /** When the view came, by `Date.now()`. */
  seenAt: number;
  /** What the server says about the token. */
  reason: string;
}

/** The cluster, asked for again and again while the page is seen. */
export function useCluster(token: string): ClusterState {
  const [state, setState] = useState<ClusterState>({ at: 'asking', view: null, seenAt: 0, reason: '' });
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const refresh = async () => {
      if (!document.hidden) {
        const next = await ask(token);
        if (gone) return;
        setState((before) => (next.at === 'failed' ? { ...before, at: 'failed' } : next));
        if (next.at === 'wrong-token' || next.at === 'off') return;
      }
      timer = setTimeout(refresh, REFRESH_MS);
    };
    void refresh();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [token]);
  return state;
}

async function ask(token: string): Promise<ClusterState> {
  const none = { view: null, seenAt: 0, reason: '' };
  try {
    const response = await fetch('/api/cluster', {
      headers: { accept: 'application/json', authorization: `Bearer ${token}` },
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401 || response.status === 403) {
      return { at: 'wrong-token', ...none, reason: await reason(response) };
    }
    if (response.status === 404) return { at: 'off', ...none };
    if (!response.ok) return { at: 'failed', ...none };
    return { at: 'ready', view: (await response.json()) as ClusterView, seenAt: Date.now(), reason: '' };
  } catch {
    return { at: 'failed', ...none };
  }
}

async function reason(response: Response): Promise<string> {
  const body: { error?: { message?: string } } | null = await response.json().catch(() => null);
  return body?.error?.message || `HTTP ${response.status}`;
}

/** Null if it drains now (or takes people again); otherwise why not, as the server says it. */
export async function drain(node: string, token: string, draining = true): Promise<string | null> {
  try {
    const response = await fetch(`/api/cluster/nodes/${encodeURIComponent(node)}/drain`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ draining }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.ok ? null : await reason(response);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
