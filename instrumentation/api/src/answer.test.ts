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
