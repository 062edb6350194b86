import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DraftSaver, reconciled } from "../src/lib/drafts";
import { ProblemError, unreachable } from "../src/lib/problem";

describe("a draft that two devices write", () => {
  it("loses nothing that was typed, whoever typed it", () => {
    const text = fc.constantFrom("", "a", "ab", "hello", "b\nc");
    fc.assert(
      fc.property(text, text, text, (local, base, server) => {
        const now = reconciled({ text: local, base }, server);
        expect(now.base).toBe(server);
        if (local !== base) expect(now.text).toContain(local);
        if (server !== base) expect(now.text).toContain(server);
        if (local === base) expect(now.text).toBe(server);
      }),
    );
  });

  it("is cleared everywhere once the message was sent on one of them", () => {
    expect(reconciled({ text: "hello", base: "hello" }, "")).toEqual({ text: "", base: "" });
  });

  it("takes what the server has heard from this very page, before the page knew of that, for nobody else's", () => {
    const local = { text: "half a thought, and more", base: "", told: "half a thought." };
    expect(reconciled(local, "half a thought.")).toEqual({ text: "half a thought, and more", base: "half a thought." });
  });
});

describe("saving a draft", () => {
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  it("tells the latest text alone, one call at a time, until the server has it", async () => {
    const put: string[] = [];
    const saved: string[] = [];
    let away = 2;
    const saver = new DraftSaver({
      put: async (text) => {
        put.push(text);
        await settled();
        if (away-- > 0) throw new ProblemError(unreachable);
      },
      wait: settled,
      onSaved: (text) => saved.push(text),
    });
    for (const text of ["h", "he", "hel"]) saver.save(text);
    for (let n = 0; n < 20; n += 1) await settled();
    saver.save("", true);
    for (let n = 0; n < 20; n += 1) await settled();
    expect(put).toEqual(["hel", "hel", "hel", ""]);
    expect(saved).toEqual(["hel", ""]);
  });

  it("is made up for when the page goes before the fingers have rested", async () => {
    const put: [string, boolean][] = [];
    const saver = new DraftSaver({
      put: async (text, keepalive) => void put.push([text, keepalive]),
      wait: (_, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
      onSaved: () => {},
    });
    saver.save("half a th");
    saver.close();
    await settled();
    expect(put).toEqual([["half a th", true]]);
  });
});
