/** Answers and questions in words. */
import { formatCount } from "../../core/values/format";
import type { Answer, Question } from "./wire";

/** An answer for a person; "" for none. */
export function worded(answer: Answer): string {
  if (typeof answer === "boolean") return answer ? "yes" : "no";
  if (Array.isArray(answer)) return answer.join(", ") || "none";
  return answer === null ? "" : String(answer);
}

/** "cm, 0 to 200": the unit and the range of a number. */
export function measure({ unit, low, high }: Question): string {
  const range =
    low !== null && high !== null
      ? `${low} to ${high}`
      : low !== null
        ? `at least ${low}`
        : high !== null
          ? `at most ${high}`
          : "";
  return [unit, range].filter(Boolean).join(", ");
}

/** What is said of answers of several rows; "" for one row, and where all have the same answer. */
export function spread({ asked, answered, value }: Question): string {
  if (asked === 1 || (value !== null && answered === asked)) return "";
  const of = `${formatCount(answered)} of ${formatCount(asked)} answered`;
  return answered ? `${of}; an answer replaces them all` : of;
}

/** The options of a question as answers. */
export function answerOf(question: Question, option: string): Answer {
  if (question.kind === "yes/no") return option === "yes";
  if (question.kind !== "many") return option;
  const chosen = new Set(Array.isArray(question.value) ? question.value : []);
  if (!chosen.delete(option)) chosen.add(option);
  return question.options.filter((one) => chosen.has(one));
}

/** Whether an option is the answer of all rows (true), of some ("mixed"), or of none. */
export function isChosen(question: Question, option: string): boolean | "mixed" {
  const count = question.counts[question.options.indexOf(option)] ?? 0;
  if (!count) return false;
  return count === question.asked ? true : "mixed";
}
