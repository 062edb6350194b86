import { describe, expect, it } from "vitest";
import { newUuid } from "../src/lib/uuid";

describe("a name for something new", () => {
  it("is a version 4 UUID, and another one each time", () => {
    const names = Array.from({ length: 500 }, newUuid);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(names).size).toBe(names.length);
  });
});
