import { describe, expect, test } from "vitest";
import { FIRST_S, LATER_S, watchWait } from "../src/lib/waiting";
import type { Waiting } from "../src/lib/wire";

/** Answers in turn, null for a failure; ends with the last one. */
async function watched(answers: readonly (number | null)[]): Promise<{ heard: (number | null)[]; waited: number[] }> {
  const left = new AbortController();
  const heard: (number | null)[] = [];
  const waited: number[] = [];
  let asked = 0;
  await watchWait({
    signal: left.signal,
    wait: (delay_s) => {
      waited.push(delay_s);
      if (asked === answers.length) left.abort();
      return Promise.resolve();
    },
    ask: () => {
      const ahead = answers[asked++];
      return ahead === null ? Promise.reject(new Error("away")) : Promise.resolve({ ahead } as Waiting);
    },
    onNews: ({ ahead }) => heard.push(ahead),
  });
  return { heard, waited };
}

describe("what a turn waits for", () => {
  test("is asked for after a moment, then now and then", async () => {
    expect(await watched([2, 1, 0])).toEqual({ heard: [2, 1, 0], waited: [FIRST_S, LATER_S, LATER_S, LATER_S] });
  });

  test("is asked for again where nobody answered", async () => {
    expect((await watched([2, null, 1])).heard).toEqual([2, 1]);
  });

  test("is not told to a page that has been left meanwhile", async () => {
    const left = new AbortController();
    const heard: Waiting[] = [];
    await watchWait({
      signal: left.signal,
      wait: () => Promise.resolve(),
      ask: () => {
        left.abort();
        return Promise.resolve({ ahead: 1 } as Waiting);
      },
      onNews: (waiting) => heard.push(waiting),
    });
    expect(heard).toEqual([]);
  });
});
