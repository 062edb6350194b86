import { describe, expect, test } from "vitest";
import { FIRST_S, LATER_S, watchStanding } from "../src/lib/standing";
import type { TurnNow } from "../src/lib/wire";

/** Answers in turn, null for a failure; ends with the last one. */
async function watched(answers: readonly (number | null)[]): Promise<{ heard: (number | null)[]; waited: number[] }> {
  const left = new AbortController();
  const heard: (number | null)[] = [];
  const waited: number[] = [];
  let asked = 0;
  await watchStanding({
    signal: left.signal,
    wait: (delay_s) => {
      waited.push(delay_s);
      if (asked === answers.length) left.abort();
      return Promise.resolve();
    },
    ask: () => {
      const ahead = answers[asked++];
      return ahead === null ? Promise.reject(new Error("away")) : Promise.resolve({ ahead } as TurnNow);
    },
    onNews: (turn) => heard.push(turn.ahead),
  });
  return { heard, waited };
}

describe("how a turn stands that waits", () => {
  test("is asked for after a moment, then now and then", async () => {
    expect(await watched([2, 1, 0])).toEqual({ heard: [2, 1, 0], waited: [FIRST_S, LATER_S, LATER_S, LATER_S] });
  });

  test("is asked for again where nobody answered", async () => {
    expect((await watched([2, null, 1])).heard).toEqual([2, 1]);
  });

  test("is not told to a page that has been left meanwhile", async () => {
    const left = new AbortController();
    const heard: TurnNow[] = [];
    await watchStanding({
      signal: left.signal,
      wait: () => Promise.resolve(),
      ask: () => {
        left.abort();
        return Promise.resolve({ ahead: 1 } as TurnNow);
      },
      onNews: (turn) => heard.push(turn),
    });
    expect(heard).toEqual([]);
  });
});
