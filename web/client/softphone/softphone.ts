// What the page needs of a phone, whatever library makes it.

export type PhoneState = "starting" | "ready" | "offline" | "elsewhere" | "no-microphone";

export interface Softphone {
  /** Connects and registers; keeps trying until `stop`. */
  start(): void;
  stop(): Promise<void>;
  answer(): Promise<void>;
  /** Calls a number; whatever becomes of it is shown by the server. */
  dial(number: string): Promise<void>;
  /** Refuses a call that rings; gives up one's own that was not answered. */
  decline(): Promise<void>;
  /** Silence towards the other side. Returns whether it is muted now. */
  toggleMute(): boolean;
  sendDigit(digit: string): void;
}

/** How a call of one's own ended that nobody answered. */
export type DialFailure = "up-already" | "busy" | "refused" | "not-answered" | "no-such-number";

export type SoftphoneEvents = {
  onState(state: PhoneState): void;
  /** Whether a call is up, and the sound that comes in. */
  onCall(up: boolean, muted: boolean): void;
  onDialFailed(why: DialFailure): void;
  /** A call for help needed its line. */
  onPreempted(): void;
};
