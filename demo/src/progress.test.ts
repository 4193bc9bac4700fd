/**
 * Goal: one rewritten line on a terminal, few whole lines elsewhere.
 * Method: a stream that keeps what is written.
 */
import { expect, it } from "vitest";
import { createProgress, type ProgressStream } from "./progress.ts";

function recorder(terminal: boolean, columns = 80): [stream: ProgressStream, written: string[]] {
  const written: string[] = [];
  const write = (text: string | Uint8Array): boolean => written.push(String(text)) > 0;
  return [{ write, isTTY: terminal, columns }, written];
}

it("rewrites one line on a terminal and never breaks it", () => {
  const [stream, written] = recorder(true, 30);
  const progress = createProgress(stream);
  progress.step("Triaging leads", 15, 30, ", 2 failed");
  progress.clear();
  expect(written).toEqual(["\r\u001b[2KTriaging leads ██████████░░░░", "\r\u001b[2K"]);
});

it("writes whole lines elsewhere, every tenth step and the last", () => {
  const [stream, written] = recorder(false);
  const progress = createProgress(stream);
  progress.stage("Starting");
  for (let done = 0; done <= 25; done++) {
    progress.step("Triaging leads", done, 25, ", 2 failed");
  }
  progress.clear();
  expect(written).toEqual([
    "Starting\n",
    "Triaging leads: 10 of 25, 2 failed\n",
    "Triaging leads: 20 of 25, 2 failed\n",
    "Triaging leads: 25 of 25, 2 failed\n",
  ]);
});
