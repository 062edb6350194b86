/**
 * Follows the events of one chat for as long as the page is open: connects, merges, and when the connection is lost
 * connects again from the place reached. Framework-free; network, waiting and randomness are arguments.
 */
import { asProblemError, ProblemError, unreachable } from "./problem";
import { Backoff, pause_s, type Wait } from "./reconnect";
import { SseParser, type SseFrame } from "./sse";
import { merge, placeLost, reconnected, type ChatEvent, type ChatView } from "./stream";

export type Link = "connecting" | "live" | "reconnecting";

export interface Following {
  /** Opens the stream; `after` null asks for a snapshot. Rejects with a ProblemError. */
  readonly open: (after: number | null, signal: AbortSignal) => Promise<Response>;
  readonly wait: Wait;
  readonly signal: AbortSignal;
  readonly backoff?: Backoff;
  /** Reads and replaces the view, which others (an older page, an answer to a PUT) also add to. */
  readonly view: () => ChatView;
  readonly onView: (view: ChatView) => void;
  readonly onLink: (link: Link) => void;
}

/** Keep-alives come every 15 s: a stream silent for longer than this is dead, whatever the operating system thinks. */
export const SILENCE_LIMIT_S = 40;

const KINDS: ReadonlySet<string> = new Set<ChatEvent["kind"]>(["message", "turn", "delta", "head", "hidden"]);

/** Runs until `signal` aborts. @throws ProblemError when the server refuses for good, such as for an unknown chat. */
export async function follow(following: Following): Promise<void> {
  const backoff = following.backoff ?? new Backoff();
  let sought: string | null = null;
  following.onLink("connecting");
  while (!following.signal.aborted) {
    following.onView(reconnected(following.view()));
    const after = following.view().resumeAfter;
    try {
      await readOnce(following, after, backoff);
    } catch (thrown) {
      if (following.signal.aborted) return;
      const error = asProblemError(thrown);
      if (!error.retryable && !isPlaceRefused(error, after)) throw error;
      if (!error.retryable) following.onView(placeLost(following.view()));
      // Another branch was chosen: nothing is amiss, its snapshot is fetched at once. But only once for each.
      const { missingHead, needsResync } = following.view();
      if (needsResync && missingHead !== null && missingHead !== sought) {
        sought = missingHead;
        continue;
      }
      following.onLink("reconnecting");
      await following.wait(pause_s(error, backoff), following.signal);
    }
  }
}

/** A 400 to `after=` means that the server does not know that place (its store was restored): ask for a snapshot. */
function isPlaceRefused(error: ProblemError, after: number | null): boolean {
  return error.problem.status === 400 && after !== null;
}

async function readOnce(following: Following, after: number | null, backoff: Backoff): Promise<void> {
  const connection = new AbortController();
  const stop = (): void => connection.abort();
  following.signal.addEventListener("abort", stop);
  const silence = new Watchdog(SILENCE_LIMIT_S, stop);
  try {
    const response = await following.open(after, connection.signal);
    if (!response.body) throw new ProblemError(unreachable);
    silence.restart();
    following.onLink("live");
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new ProblemError(unreachable);
      silence.restart();
      const events = parser.feed(value).flatMap(chatEvent);
      if (events.length > 0) following.onView(merge(following.view(), events));
      // Counted as a failure, so that a server with a hole in its story is not asked for it in a tight loop.
      if (following.view().needsResync) throw new ProblemError(unreachable);
      backoff.succeeded();
    }
  } finally {
    silence.clear();
    following.signal.removeEventListener("abort", stop);
    connection.abort();
  }
}

/** The event a frame stands for; kinds unknown to this page (from a newer server) are passed over. */
export function chatEvent(frame: SseFrame): ChatEvent[] {
  const seq = Number(frame.id);
  if (!Number.isSafeInteger(seq)) return [];
  if (!KINDS.has(frame.event)) return [];
  try {
    return [{ seq, kind: frame.event, data: JSON.parse(frame.data) } as ChatEvent];
  } catch {
    return [];
  }
}

class Watchdog {
  readonly #limit_s: number;
  readonly #bark: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limit_s: number, bark: () => void) {
    this.#limit_s = limit_s;
    this.#bark = bark;
    this.restart();
  }

  restart(): void {
    this.clear();
    this.#timer = setTimeout(this.#bark, this.#limit_s * 1000);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
