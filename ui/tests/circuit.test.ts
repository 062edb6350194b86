/** A server that struggles is asked rarely, by however many pages; and again soon once it is well. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answered, asked, BUDGET, CAP_S, CLOSED, failed, HURRY_S, hurried, isDue, isOpen, REFILL_S, struggles, type Circuit } from "../src/lib/circuit";
import { unreachable } from "../src/lib/problem";
import { Browser, failure, nobody, settled } from "./shared";

const after = (failures: number, now = 0): Circuit => {
  let circuit = CLOSED;
  for (let n = 0; n < failures; n += 1) circuit = failed(circuit, unreachable, now + n, now + n, 1);
  return circuit;
};

describe("the circuit", () => {
  it("waits anywhere up to twice as long after each failure, and never longer than the longest wait", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
        const before = after(failures);
        const { notBefore } = failed(before, unreachable, 100, 100, random);
        expect(notBefore - 100).toBeLessThanOrEqual(Math.min(CAP_S, 0.25 * 2 ** failures) * 1000 * random + 1e-6);
      }),
    );
  });

  it("does as the server asks, also where that is longer", () => {
    expect(failed(CLOSED, { ...unreachable, retry_after_s: 60 }, 0, 1000, 0).notBefore).toBe(61_000);
  });

  it("counts calls that failed together once, and still waits as long as the last of them was asked to", () => {
    const first = failed(CLOSED, unreachable, 0, 100, 1);
    const second = failed(first, { ...unreachable, retry_after_s: 5 }, 50, 120, 1);
    expect([second.failures, second.notBefore]).toEqual([1, 5120]);
    expect(failed(first, unreachable, 101, 120, 1).failures).toBe(2);
  });

  it("grants tries out of turn within a budget that comes back with time, and that an answer does not fill", () => {
    let circuit = { ...after(8), tokensAt: 5000 };
    let granted = 0;
    for (let press = 0; press < 100; press += 1) {
      const sooner = hurried(circuit, 5000);
      if (sooner) [circuit, granted] = [{ ...sooner, notBefore: 60_000 }, granted + 1];
    }
    expect(granted).toBe(BUDGET);
    expect(hurried(answered(circuit), 5000)).toBeNull();
    expect(hurried(circuit, 5000 + REFILL_S * 1000)).not.toBeNull();
  });

  it("grants none before the time that the server has named, and ten presses in a hurry are one", () => {
    const busy = failed(CLOSED, { ...unreachable, retry_after_s: 5 }, 0, 1000, 1);
    expect([2000, 5999].map((now) => hurried(busy, now))).toEqual([null, null]);
    const long = failed(CLOSED, { ...unreachable, retry_after_s: 3600 }, 0, 1000, 1);
    expect(hurried(long, 999 + CAP_S * 1000)).toBeNull();
    expect(hurried(long, 1000 + CAP_S * 1000)).not.toBeNull();
    const [silent, soon] = [after(8, 1000), 1007 + HURRY_S * 1000];
    expect(hurried(silent, soon - 1)).toBeNull();
    expect(hurried(silent, soon)).not.toBeNull();
  });

  it("grants none while somebody is asking", () => {
    expect(hurried(asked(after(3), 0), 10)).toBeNull();
  });

  it.each([
    [undefined, "PUT", true],
    [502, "PUT", true],
    [504, "GET", true],
    [503, "GET", true],
    [429, "GET", true],
    [503, "PUT", false],
    [429, "PUT", false],
    [500, "GET", false],
    [404, "GET", false],
    [401, "GET", false],
  ])("status %s to a %s tells of the whole server: %s", (status, method, whole) => {
    expect(struggles(CLOSED, { ...unreachable, ...(status ? { status } : {}) }, method)).toBe(whole);
  });
});

it("a message that is turned away does not say that a server which was away is well", () => {
  expect(struggles(after(1), failure(503).problem, "PUT")).toBe(true);
});

it("a clock that was put back makes nobody wait", () => {
  expect(isDue(failed(CLOSED, { ...unreachable, retry_after_s: 60 }, 90_000, 100_000, 1), 50_000)).toBe(true);
});

describe("the gate", () => {
  const asks = async (ways: readonly { pass: (method: string, ask: () => Promise<string>) => Promise<string> }[], ask: () => Promise<string>) =>
    (await Promise.allSettled(ways.map((way) => way.pass("GET", ask)))).filter((one) => one.status === "fulfilled").length;

  it("lets one call through at a time, of however many tabs and reloads", async () => {
    const browser = new Browser();
    let calls = 0;
    const down = async (): Promise<string> => {
      calls += 1;
      throw nobody();
    };
    await asks([browser.gate()], down);
    expect(calls).toBe(1);
    // A hundred pages, all of them new: before it is time nobody is asked, and then it is asked once.
    await asks(Array.from({ length: 100 }, () => browser.gate()), down);
    expect(calls).toBe(1);
    browser.now += CAP_S * 1000;
    await asks(Array.from({ length: 100 }, () => browser.gate()), down);
    expect(calls).toBe(2);
  });

  it("goes on counting where the page before it was", async () => {
    const browser = new Browser();
    for (let page = 0; page < 6; page += 1) {
      await asks([browser.gate(0.999)], () => Promise.reject(nobody()));
      browser.now += CAP_S * 1000;
    }
    const gate = browser.gate();
    await gate.look();
    expect(gate.circuit.failures).toBe(6);
  });

  it("is open to all at once in every tab when the server has answered", async () => {
    const browser = new Browser();
    const [one, other] = [browser.gate(), browser.gate()];
    await asks([one, other], () => Promise.reject(nobody()));
    expect([one, other].map(({ circuit }) => isOpen(circuit))).toEqual([true, true]);
    browser.now += CAP_S * 1000;
    expect(await asks([one], async () => "well")).toBe(1);
    expect([one, other].map(({ circuit }) => isOpen(circuit))).toEqual([false, false]);
    expect(await asks(Array(10).fill(other), async () => "well")).toBe(10);
  });

  it("takes any answer for one that says the server is there, and nothing that was given up for a failure", async () => {
    const browser = new Browser();
    const gate = browser.gate();
    await asks([gate], () => Promise.reject(failure(404)));
    await asks([gate], () => Promise.reject(new DOMException("left", "AbortError")));
    expect(isOpen(gate.circuit)).toBe(false);
    await asks([gate], () => Promise.reject(failure(503, { retry_after_s: 2 })));
    expect(gate.withholds).toBe(true);
    browser.now += 2000;
    await asks([gate], () => Promise.reject(failure(404)));
    expect(isOpen(gate.circuit)).toBe(false);
  });

  it("goes on without the one call that was let through and never came back", async () => {
    const browser = new Browser();
    const gate = browser.gate();
    await asks([gate], () => Promise.reject(nobody()));
    browser.now += CAP_S * 1000;
    void browser.gate().pass("GET", () => new Promise(() => {}));
    await settled();
    expect(await asks([gate], async () => "well")).toBe(0);
    expect(isDue(gate.circuit, browser.now)).toBe(false);
    browser.now += CAP_S * 1000;
    expect(await asks([gate], async () => "well")).toBe(1);
  });
});
