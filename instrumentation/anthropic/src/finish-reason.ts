/** Why the model stopped, in the words of the conventions; a word that is new stays as it is. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_call"],
  ["refusal", "content_filter"],
]);

export function finishReason(stopReason: string): string {
  return WORDS.get(stopReason) ?? stopReason;
}
