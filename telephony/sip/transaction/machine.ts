// What the four transaction machines share: their outputs and the timer values of RFC 3261 §17, Table 4.
import type { Draft, SipResponse } from "../message/message.ts";

/** Round-trip estimate, longest retransmission interval, longest life of a message in the network. */
export const t1Ms = 500;
export const t2Ms = 4_000;
export const t4Ms = 5_000;
export const sixtyFourT1Ms = 64 * t1Ms;
/** Timer D over UDP: longer than 32 s. */
export const timerDMs = 33_000;

export type TimerName = "A" | "B" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L" | "M";

export type TransactionOutput =
  | { readonly kind: "send"; readonly message: Draft }
  | { readonly kind: "start"; readonly timer: TimerName; readonly ms: number }
  | { readonly kind: "stop"; readonly timer: TimerName }
  /** A response for the user of a client transaction. */
  | { readonly kind: "deliver"; readonly response: SipResponse }
  /** No answer, or no way to the peer: the user treats it as 408 or 503 (RFC 3261 §8.1.3.1). */
  | { readonly kind: "failed"; readonly reason: "timeout" | "transport" }
  | { readonly kind: "ended" };
