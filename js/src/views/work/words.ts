/** What the line above the work says. */
import { formatCount, formatTime } from "../../core/values/format";

/** What a reviewer wrote about an answer to this task. */
export interface Comment {
  reviewer: string;
  /** Seconds since 1970. */
  when: number;
  verdict: "approve" | "rework";
  text: string;
  /** What it is about, pixels of the image; null for the whole image. */
  place: { x: number; y: number } | null;
  /** Whose answer it is about. */
  author: string;
}

/** What the kernel says of a place at a queue. */
export interface Place {
  phase: "task" | "lost" | "waiting" | "done";
  /** Number of what was handed out; 0 for nothing. */
  job: number;
  step: "" | "label" | "review" | "rework";
  /** Where the answer is given: by the button of the line, or in the view below. */
  by: "line" | "view";
  name: string;
  of: "images" | "instances" | "predictions";
  reviewing: boolean;
  author: string;
  /** The answer to review, where the view does not show it. */
  answer: string;
  /** Id of the image; -1 for none. */
  image: number;
  /** What reviewers wrote about the task so far, oldest first. */
  thread: Comment[];
  /** What became of the answer before. */
  note: string;
  tasks: number;
  open: number;
  held: number;
  review: number;
  rework: number;
}

export function count(n: number, one: string): string {
  return `${formatCount(n)} ${one}${n === 1 ? "" : "s"}`;
}

/** What is to be done with the task. */
export function task({ step, author, of }: Place): string {
  if (step === "review") return `Check what ${author} answered`;
  if (step === "rework") return "Rework your answer";
  return of === "images" ? "Label this image" : "Is this mask right?";
}

/** What is left of the queue. */
export function left({ open, held, review, rework }: Place): string {
  const parts = [`${formatCount(open)} to do`];
  if (held) parts.push(`${formatCount(held)} in work`);
  if (review) parts.push(`${formatCount(review)} to review`);
  if (rework) parts.push(`${formatCount(rework)} to rework`);
  return parts.join(" · ");
}

/** Why there is no task. */
export function nothing(state: Place): { title: string; text: string } {
  const { tasks, name, of, reviewing } = state;
  if (state.phase === "done")
    return {
      title: "Everything is done",
      text: `${count(tasks, of.slice(0, -1))} of ${name} ${tasks === 1 ? "is" : "are"} answered. ds.collect(q) brings the answers into the dataset.`,
    };
  const title = reviewing ? "No answers to review at the moment" : "Nothing for you at the moment";
  const others = [];
  if (state.held) others.push(`${count(state.held, "task")} ${state.held === 1 ? "is" : "are"} with others`);
  if (state.open)
    others.push(
      `${count(state.open, "opinion")} ${state.open === 1 ? "is" : "are"} still to come from others`,
    );
  if (state.review)
    others.push(`${count(state.review, "answer")} ${state.review === 1 ? "waits" : "wait"} for a review`);
  if (state.rework)
    others.push(`${count(state.rework, "answer")} ${state.rework === 1 ? "is" : "are"} being reworked`);
  return { title, text: `${others.join(", ")}. This place looks again by itself.` };
}

/** Who wrote a comment, when, about whose answer. */
export function written({ reviewer, when, author, verdict }: Comment): string {
  const did = verdict === "approve" ? "accepted" : "sent back";
  return `${reviewer} ${did} ${author}’s answer, ${formatTime(60_000 * Math.floor(when / 60))} UTC`;
}

/** What a comment is about, while it is written. */
export function about(place: { x: number; y: number } | null): string {
  return place
    ? `About the place at ${Math.round(place.x)}, ${Math.round(place.y)}`
    : "Click the picture to show where";
}

export const LOST =
  "Your time for this task is over, or you opened the queue in another place. Nothing is lost: send it, and it counts, " +
  "or becomes one more opinion. Or skip it.";
