// Digits that somebody presses: each told to core once, however often it came, and passed on to the other end in the way that this one takes.
import type { CallEvent } from "../core/call/call-control.ts";
import type { Env } from "../core/env/env.ts";
import { digitTwinMs } from "../core/lib/limits.ts";
import { type Pressed, stepDigits } from "./digits.ts";
import type { Leg } from "./hosted.ts";
import type { MediaPlane } from "./media/plane.ts";

export class PressedDigits {
  /** `tell`: by INFO. */
  constructor(
    private readonly env: Env,
    private readonly media: MediaPlane,
    private readonly report: (event: CallEvent) => void,
    private readonly tell: (leg: Leg, digit: string) => void,
  ) {}

  pressed(leg: Leg | undefined, digit: string, way: Pressed["way"]): void {
    if (leg === undefined) return;
    const { clock } = this.env;
    const { state, outputs } = stepDigits(leg.presses, { digit, way, atMs: clock.monotonic() });
    leg.presses = state;
    for (const press of outputs) {
      this.report({ kind: "digit", legId: leg.state.legId, digit });
      // What came by INFO may come in sound a moment later, and is passed on by the stream then, where both have the same.
      if (way === "info" && leg.partner?.hasEvents === leg.hasEvents)
        clock.after(digitTwinMs, () => {
          if (leg.presses.includes(press)) this.passOn(leg, press);
        });
      else this.passOn(leg, press);
    }
  }

  /** To the other end of the bridge, unless the streams have done that. */
  private passOn({ partner }: Leg, { digit, way }: Pressed): void {
    if (partner === null || way === (partner.hasEvents ? "event" : "tone")) return;
    const { legId } = partner.state;
    if (partner.usesInfo && !partner.hasEvents) this.tell(partner, digit);
    else this.media.send({ kind: "send-digits", streamId: legId, digits: digit, toneMs: 160, gapMs: 60 });
  }
}
