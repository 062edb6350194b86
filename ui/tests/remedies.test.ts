import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { remedyOf } from "../src/lib/remedies";

const tree = readFileSync(join(import.meta.dirname, "..", "..", "src", "perdure", "core", "errors", "model.py"), "utf8");

it("what passes is tried again; what only settings or another message can mend is not", () => {
  expect(["model_stalled", "model_overloaded", "internal_error", undefined].map(remedyOf)).toEqual(["retry", "retry", "retry", "retry"]);
  expect(remedyOf("model_key_rejected")).toBe("model");
  expect(remedyOf("context_too_long")).toBe("edit");
});

it("every way in which a model refuses for good has a remedy of its own", () => {
  const kinds = [...tree.matchAll(/class (\w+)\(ModelRefused\):\n    code = "(\w+)"/g)].map((match) => match[2]);
  expect(kinds).not.toHaveLength(0);
  for (const code of kinds) expect(remedyOf(code), code).not.toBe("retry");
});
