/** Is it me or them? The page claims no more than what it saw. */
import { describe, expect, test } from "vitest";
import { judge, readServer, type Seen, type ServerOutcome } from "../src/lib/diagnosis";

const server = (outcome: ServerOutcome, more: Partial<Seen["server"]> = {}): Seen["server"] => ({
  outcome,
  status: 200,
  tookMs: 5,
  fault: null,
  clockAheadS: 0,
  ...more,
});
const well: Seen = { online: true, connection: null, local: false, worker: false, server: server("well"), model: "ready", second: null };
const answers = { outcome: "answers", tookMs: 9 } as const;
const dead = { outcome: "unreachable", tookMs: 9 } as const;

const situations: readonly [string, Partial<Seen>, string, string, boolean][] = [
  ["all is well", {}, "ok", "well", true],
  ["the model's state is not told", { model: null }, "ok", "untold", true],
  ["the model is away", { model: "down" }, "model", "modelAway", true],
  ["there is no model", { model: "missing" }, "model", "modelMissing", true],
  ["the model loads", { model: "loading" }, "model", "modelComing", true],
  ["the clock is wrong", { server: server("well", { clockAheadS: -4000 }) }, "client", "clock", false],
  ["a wrong clock is no reason for a model that is away", { model: "down", server: server("well", { clockAheadS: 4000 }) }, "model", "modelAway", true],
  ["the server says that it fails", { server: server("problem", { fault: "server" }) }, "server", "ownWord", true],
  ["the server does not want to be asked", { server: server("problem", { fault: "client" }) }, "client", "refused", true],
  ["a proxy does not reach it", { server: server("gateway"), second: answers }, "server", "gateway", true],
  ["something else answers", { server: server("foreign") }, "network", "foreign", true],
  ["nothing answers, and the browser is offline", { server: server("unreachable"), online: false, second: dead }, "network", "offline", true],
  ["the browser is wrong about being offline", { server: server("silent"), online: false, second: answers }, "server", "secondAnswers", false],
  ["only the second origin answers", { server: server("unreachable"), second: answers }, "server", "secondAnswers", false],
  ["neither answers", { server: server("silent"), second: { outcome: "silent", tookMs: 9 } }, "network", "nobody", false],
  ["the server on this device does not answer", { server: server("unreachable"), local: true, online: false }, "server", "local", true],
  ["nothing answers, and there is nobody else to ask", { server: server("unreachable") }, "cannot_tell", "alone", false],
];

test.each(situations)("%s", (_, seen, finding, reason, sure) => {
  expect(judge({ ...well, ...seen })).toEqual({ finding, reason, sure });
});

test("nobody is told that all is well unless the server itself said so", () => {
  const outcomes: ServerOutcome[] = ["problem", "gateway", "foreign", "unreachable", "silent"];
  for (const outcome of outcomes) {
    for (const online of [true, false]) {
      for (const local of [true, false]) {
        for (const second of [null, answers, dead]) {
          expect(judge({ ...well, online, local, second, model: null, server: server(outcome) }).finding).not.toBe("ok");
        }
      }
    }
  }
});

describe("what an answer to /healthz is", () => {
  const answer = (status: number, body: string, json = true, redirected = false) => readServer({ status, body, json, redirected }).outcome;

  test("the server's own word", () => {
    expect(answer(200, '{"status": "ok"}')).toBe("well");
    expect(readServer({ status: 403, body: '{"code": "not_allowed", "fault": "client"}', json: true, redirected: false })).toEqual({ outcome: "problem", fault: "client" });
  });

  test("a proxy's page, by what it means", () => {
    expect(answer(502, "<html>nginx</html>", false)).toBe("gateway");
    expect(answer(503, "", false)).toBe("gateway");
    expect(answer(429, "", false)).toBe("gateway");
  });

  test("what is not the server at all, however well it looks", () => {
    expect(answer(200, "<html>Sign in</html>", false)).toBe("foreign");
    expect(answer(200, '{"status": "fine"}')).toBe("foreign");
    expect(answer(200, "not even JSON")).toBe("foreign");
    expect(answer(511, "<html></html>", false)).toBe("foreign");
    expect(answer(403, "<html>blocked</html>", false)).toBe("foreign");
    expect(answer(0, "", false, true)).toBe("foreign");
  });
});
