/** How long the server may be silent, and whose silence is whose. */
import { afterEach, expect, test, vi } from "vitest";
import { accessTokenGiven, ANSWER_MS, ask } from "../src/lib/api/http";

/** A server that takes connections and says nothing. */
function silent(): void {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error))));
}

/** What a call comes to. */
const endOf = (asked: Promise<Response>): Promise<unknown> =>
  asked.then((answer) => answer, (thrown: unknown) => thrown);

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a question that nobody begins to answer is unanswered", async () => {
  silent();
  const end = endOf(ask("/api/v1/chats", {}));
  await vi.advanceTimersByTimeAsync(ANSWER_MS);
  expect(await end).toMatchObject({ retryable: true, problem: { code: "unreachable" } });
});

test("what is sent is given the time that it takes", async () => {
  silent();
  const settled = vi.fn();
  void endOf(ask("/api/v1/characters/import", { method: "POST" })).then(settled);
  await vi.advanceTimersByTimeAsync(10 * ANSWER_MS);
  expect(settled).not.toHaveBeenCalled();
});

test("who gives up is told that, and not that the server is away", async () => {
  silent();
  const leaving = new AbortController();
  const end = endOf(ask("/api/v1/chats", { signal: leaving.signal }));
  leaving.abort();
  expect(await end).toMatchObject({ name: "AbortError" });
});

test("an answer that has begun may go on for as long as it likes", async () => {
  vi.useFakeTimers();
  let heard: AbortSignal | null | undefined;
  vi.stubGlobal("fetch", async (_: string, { signal }: RequestInit) => {
    heard = signal;
    return new Response("data: 1\n\n");
  });
  await ask("/api/v1/chats/a/events", {});
  await vi.advanceTimersByTimeAsync(10 * ANSWER_MS);
  expect(heard?.aborted).toBe(false);
});

test("a refusal for want of the access token that comes once it was given is of before, and no other is", async () => {
  const refusal = (): Response => Response.json({ code: "access_token_required" }, { status: 401 });
  const answers = [refusal, () => new Response("there"), refusal];
  vi.stubGlobal("fetch", async () => {
    if (answers.length === 3) accessTokenGiven();
    return answers.shift()!();
  });
  expect(await (await ask("/api/v1/chats", {})).text()).toBe("there");
  expect(await endOf(ask("/api/v1/chats", {}))).toMatchObject({ problem: { code: "access_token_required" } });
});
