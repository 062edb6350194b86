/** Is it me or them? Whom the page asks, how, and what it makes of the answers. */
import { afterEach, expect, test, vi } from "vitest";
import { lookAround } from "../src/lib/lookAround";

const SECOND = "https://elsewhere.test/";

type Told = readonly [status: number, body: unknown] | "nothing";

const problem = (code: string, fault: string) => ({ code, fault, title: code });
const status = (state: unknown): Told => [200, { version: "1", backend: { state } }];
const ALIVE: Told = [200, { status: "ok" }];

const asked: [string, RequestInit | undefined][] = [];

function world(answers: Readonly<Record<string, Told>>, second: string | null = null) {
  asked.length = 0;
  vi.stubGlobal("location", new URL("https://chat.test/"));
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("fetch", async (path: string, init?: RequestInit) => {
    asked.push([path, init]);
    const told = answers[path] ?? "nothing";
    if (told === "nothing") throw new TypeError("Failed to fetch");
    return Response.json(told[1], { status: told[0] });
  });
  return lookAround(second, new AbortController().signal);
}

afterEach(() => void vi.unstubAllGlobals());

test("a server that is well tells of its model", async () => {
  const seen = await world({ "/healthz": ALIVE, "/api/v1/status": status("down") });
  expect([seen.server.outcome, seen.model]).toEqual(["well", "down"]);
});

test("a server that is alive, and no more than that, is not called well", async () => {
  const record = await world({ "/healthz": ALIVE, "/api/v1/status": [503, problem("store_unavailable", "server")] });
  expect([record.server.outcome, record.server.fault, record.server.status]).toEqual(["problem", "server", 503]);
  const gone = await world({ "/healthz": ALIVE });
  expect(gone.server.outcome).toBe("unreachable");
  const proxy = await world({ "/healthz": ALIVE, "/api/v1/status": [502, "Bad Gateway"] });
  expect(proxy.server.outcome).toBe("gateway");
  const strange = await world({ "/healthz": ALIVE, "/api/v1/status": status("toString") });
  expect([strange.server.outcome, strange.model]).toEqual(["foreign", null]);
});

test("what is told only after the access token is no fault", async () => {
  const seen = await world({ "/healthz": ALIVE, "/api/v1/status": [401, problem("access_token_required", "client")] });
  expect([seen.server.outcome, seen.model]).toEqual(["well", null]);
});

test("a server that does not answer is not asked for more", async () => {
  const seen = await world({});
  expect([seen.server.outcome, seen.second]).toEqual(["unreachable", null]);
  expect(asked.map(([path]) => path)).toEqual(["/healthz"]);
});

test("the second origin learns nothing of who asks", async () => {
  const seen = await world({ [SECOND]: [500, {}] }, SECOND);
  expect(seen.second?.outcome).toBe("answers");
  const how = asked.find(([address]) => address === SECOND)?.[1];
  expect(how).toMatchObject({ mode: "no-cors", credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" });
});
