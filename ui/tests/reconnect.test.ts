import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProblemError, unreachable } from "../src/lib/problem";
import { announceReachable, Backoff, BASE_S, CAP_S, persist, waitInBrowser, type Wait } from "../src/lib/reconnect";

const refusal = (status: number, retry_after_s: number | null = null): ProblemError =>
  new ProblemError({ ...unreachable, status, retry_after_s });

/** A wait that takes no time and writes down how long it would have been. */
function recorded(): { wait: Wait; waits_s: number[] } {
  const waits_s: number[] = [];
  return { waits_s, wait: (delay_s) => (waits_s.push(delay_s), Promise.resolve()) };
}

describe("back-off", () => {
  it("doubles its ceiling from the base to the cap", () => {
    const backoff = new Backoff(() => 1);
    const waits_s = Array.from({ length: 8 }, () => backoff.failed());
    expect(waits_s).toEqual([BASE_S, 0.5, 1, 2, 4, 8, CAP_S, CAP_S]);
  });

  it("is fully jittered: anything from zero to the ceiling", () => {
    const draws = [0, 0.5, 0.25];
    const backoff = new Backoff(() => draws.shift()!);
    expect([backoff.failed(), backoff.failed(), backoff.failed()]).toEqual([0, 0.25, 0.25]);
  });

  it("starts over after a success, and does not overflow after ten thousand failures", () => {
    const backoff = new Backoff(() => 1);
    for (let i = 0; i < 10_000; i += 1) backoff.failed();
    expect(backoff.failed()).toBe(CAP_S);
    backoff.succeeded();
    expect(backoff.failures).toBe(0);
    expect(backoff.failed()).toBe(BASE_S);
  });
});

describe("a call that is made until it succeeds", () => {
  it("is repeated through silence and 5xx, and waits as long as the server asks", async () => {
    const answers: unknown[] = [new TypeError("fetch failed"), refusal(503, 7), refusal(429, 3), "yes"];
    const { wait, waits_s } = recorded();
    const failures: string[] = [];
    const result = await persist(
      () => {
        const answer = answers.shift();
        return typeof answer === "string" ? Promise.resolve(answer) : Promise.reject(answer);
      },
      { wait, signal: new AbortController().signal, backoff: new Backoff(() => 0), onFailure: (e) => failures.push(e.problem.code) },
    );
    expect(result).toBe("yes");
    expect(waits_s).toEqual([0, 7, 3]);
    expect(failures).toHaveLength(3);
  });

  it("stops at a refusal that no repetition mends", async () => {
    let calls = 0;
    const { wait } = recorded();
    const attempt = (): Promise<never> => ((calls += 1), Promise.reject(refusal(409)));
    await expect(persist(attempt, { wait, signal: new AbortController().signal })).rejects.toBeInstanceOf(ProblemError);
    expect(calls).toBe(1);
  });

  it("stops when the page goes away", async () => {
    const gone = new AbortController();
    const wait: Wait = () => (gone.abort(), Promise.resolve());
    await expect(persist(() => Promise.reject(refusal(503)), { wait, signal: gone.signal })).rejects.toBeDefined();
  });
});

describe("a wait in the browser", () => {
  const page = Object.assign(new EventTarget(), { visibilityState: "hidden" });

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("document", page);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function waiting(signal = new AbortController().signal): () => boolean {
    let over = false;
    void waitInBrowser(10, signal).then(() => (over = true));
    return () => over;
  }

  it("lasts as long as it was told to", async () => {
    const over = waiting();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(over()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(over()).toBe(true);
  });

  it("ends at once when the browser comes online, or the server was reached by someone", async () => {
    const first = waiting();
    window.dispatchEvent(new Event("online"));
    const second = waiting();
    announceReachable();
    await vi.advanceTimersByTimeAsync(0);
    expect([first(), second()]).toEqual([true, true]);
  });

  it("ends when the page is looked at again, and not when it is hidden", async () => {
    const over = waiting();
    page.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(over()).toBe(false);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(over()).toBe(true);
  });

  it("ends when nobody waits any more", async () => {
    const gone = new AbortController();
    const over = waiting(gone.signal);
    gone.abort();
    const never = waiting(gone.signal);
    await vi.advanceTimersByTimeAsync(0);
    expect([over(), never()]).toEqual([true, true]);
  });
});
