/** One at a time in the whole browser: by the browser's own locks, or where it has none for this page by a lease. */
import type { Kept } from "./kept";
import type { Wait } from "./reconnect";

export interface Lease {
  readonly holder: string;
  /** When it ends by itself, in Unix milliseconds. */
  readonly until: number;
}

/** Does the work while nobody else does any; whether it came to that. */
export type Alone = (work: () => Promise<void>) => Promise<boolean>;

const NAME = "perdure.sender";
/** A holder that is gone is waited for so long; one that is there says so more often. */
const LEASE_MS = 5000;
const RENEWED_S = 2;

export const aloneByLock =
  (locks: LockManager): Alone =>
  async (work) => {
    await locks.request(NAME, work);
    return true;
  };

export const aloneByLease =
  (kept: Promise<Kept>, holder: string, now: () => number, wait: Wait): Alone =>
  async (work) => {
    const cabinet = await kept;
    const claim = (): Promise<Lease | null> =>
      cabinet.change("leases", NAME, (held) =>
        held === null || held.holder === holder || held.until <= now() ? { holder, until: now() + LEASE_MS } : held,
      );
    if ((await claim())?.holder !== holder) return false;
    const over = new AbortController();
    void (async () => {
      for (;;) {
        await wait(RENEWED_S, over.signal);
        if (over.signal.aborted) return;
        await claim();
      }
    })();
    try {
      await work();
    } finally {
      over.abort();
      await cabinet.change("leases", NAME, (held) => (held?.holder === holder ? null : held));
    }
    return true;
  };
