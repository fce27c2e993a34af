// What the page needs of a phone, whatever library makes it.

export type PhoneState = "starting" | "ready" | "offline" | "elsewhere" | "no-microphone";

export interface Softphone {
  /** Connects and registers; keeps trying until `stop`. */
  start(): void;
  stop(): Promise<void>;
  answer(): Promise<void>;
  decline(): Promise<void>;
  /** Silence towards the other side. Returns whether it is muted now. */
  toggleMute(): boolean;
  sendDigit(digit: string): void;
}

export type SoftphoneEvents = {
  onState(state: PhoneState): void;
  /** Whether a call is up, and the sound that comes in. */
  onCall(up: boolean, muted: boolean): void;
};
