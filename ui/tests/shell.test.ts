/** The offline shell: never a stale page, never an answer of the API, never more than it needs. */
import { describe, expect, test } from "vitest";
import { cacheName, kindOf, outdated } from "../src/worker/shell";

const HERE = "http://127.0.0.1:8377";
const kind = (path: string, mode: RequestMode = "no-cors", method = "GET") =>
  kindOf({ url: path.startsWith("http") ? path : HERE + path, mode, method }, HERE);

describe("a request", () => {
  test.each(["/", "/chats", "/chats/0b2c", "/settings/models", "/statusquo"])("%s opened as a page is the page", (path) => {
    expect(kind(path, "navigate")).toBe("page");
  });

  test.each(["/api/v1/characters", "/api/v1/chats/0b2c/events", "/v1/models", "/healthz", "/status", "/metrics", "/sw.js"])(
    "%s is the server's alone, however it is asked for",
    (path) => {
      expect(kind(path, "cors")).toBeNull();
      expect(kind(path, "navigate")).toBeNull();
    },
  );

  test("only what is named after its content is taken from what is kept", () => {
    expect(kind("/assets/index-1a2b.js")).toBe("asset");
    expect(kind("/appearance.js")).toBe("own");
    expect(kind("/icon-512.png")).toBeNull();
  });

  test("what changes something, or goes elsewhere, is none of its business", () => {
    expect(kind("/", "navigate", "POST")).toBeNull();
    expect(kind("https://elsewhere.example/assets/a.js")).toBeNull();
  });
});

test("of the shells only the latest stays, and other caches are left alone", () => {
  const shell = { version: "2", files: [] };
  expect(outdated(["perdure-shell-1", cacheName(shell), "something else"], shell)).toEqual(["perdure-shell-1"]);
});
