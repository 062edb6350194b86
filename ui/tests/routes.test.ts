import { describe, expect, it } from "vitest";
import { chatPath, matchRoute } from "../src/lib/routes";

describe("a path", () => {
  it.each([
    ["/", { page: "gallery" }],
    ["/characters/", { page: "gallery" }],
    ["/characters/a%20b", { page: "character", id: "a b" }],
    ["/chats", { page: "chats" }],
    ["/chats/x/", { page: "chat", id: "x" }],
    ["/chats/x/y", { page: "unknown" }],
    ["/chats/%E0%A4%A", { page: "unknown" }],
    ["/operator", { page: "operator" }],
    ["/operator/x", { page: "unknown" }],
    ["/nowhere", { page: "unknown" }],
  ])("%s", (path, route) => {
    expect(matchRoute(path)).toEqual(route);
  });

  it("of a chat leads back to it, whatever its id", () => {
    expect(matchRoute(chatPath("a/ü?#"))).toEqual({ page: "chat", id: "a/ü?#" });
  });
});
