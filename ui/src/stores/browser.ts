/** What all pages of this browser share: what is kept, what they tell one another, and the way to the server. */
import { askThrough } from "../lib/api/http";
import { Gate } from "../lib/gate";
import { openKept } from "../lib/kept";
import { aloneByLease, aloneByLock } from "../lib/lease";
import { openNews } from "../lib/news";
import { waitInBrowser } from "../lib/reconnect";
import { newUuid } from "../lib/uuid";

export const kept = openKept(() => indexedDB);
export const news = openNews();
export const gate = new Gate({ kept, news, now: Date.now, random: Math.random });
askThrough(gate);

/** Locks are for secure pages alone. */
export const alone = "locks" in navigator ? aloneByLock(navigator.locks) : aloneByLease(kept, newUuid(), Date.now, waitInBrowser);
