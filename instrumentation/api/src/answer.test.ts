/** Goal: any value that a person's answer may be has an outcome. */
import { expect, test } from "vitest";
import { readAnswer } from "./answer.ts";

test("an answer whose getters throw still has an outcome", () => {
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
    },
  );
  expect(readAnswer(hostile)).toEqual({
    outcome: "edited",
    approver: undefined,
    comment: undefined,
  });
});

test.each([
  [[{ type: "accept" }, { type: "accept" }], "approved"],
  [{ decisions: [{ type: "approve" }, { type: "edit", editedAction: {} }] }, "edited"],
  [{ decisions: [{ type: "edit" }, { type: "reject", message: "no" }] }, "rejected"],
  [[], "edited"],
])("an answer to several questions, %j, is %s", (answer, outcome) => {
  expect(readAnswer(answer).outcome).toBe(outcome);
});
